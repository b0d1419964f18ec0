"""A V8 with what scripts find there, and a host that tests play."""

import json
from typing import Any

from py_mini_racer import MiniRacer

from lockgate.scripting import boot

HARNESS = r"""
((boot) => {
  'use strict';
  const {stringify} = JSON;
  const evaluate = eval;
  let said = [];
  let asked = [];
  let replies = [];
  const unwinding = {__proto__: null};
  const {defineProperty} = Reflect;
  const add = (list, value) => {
    defineProperty(list, list.length, {__proto__: null, value, writable: true, enumerable: true, configurable: true});
  };

  const lockgate = {
    __proto__: null,
    log(level, line) {
      add(said, [level, line]);
    },
    call(name, list) {
      add(asked, [name, list]);
      if (asked.length > replies.length) throw unwinding;
      return replies[asked.length - 1];
    },
    isUnwinding: (thrown) => thrown === unwinding,
  };
  boot(lockgate);
  lockgate.install();
  lockgate.remember();

  return {
    run(code, given) {
      said = [];
      asked = [];
      replies = given;
      lockgate.begin();
      let value, thrown = null, unwound = false;
      try {
        value = evaluate(code);
      } catch (error) {
        unwound = error === unwinding;
        thrown = unwound ? 'unwound' : lockgate.describe(error);
      }
      const dirty = lockgate.dirty();
      const restored = lockgate.restore();
      // Without any toJSON, so that what a script sees is what the test sees.
      const found = {value: value === undefined ? null : value, isUndefined: value === undefined, thrown, unwound,
        said, asked, dirty, restored};
      return stringify(found);
    },
    lockgate,
  };
})
"""


class Realm:
    """One isolate. Scripts run one after the other, each in a clean realm if the last one could be cleaned up."""

    def __init__(self) -> None:
        self._v8 = MiniRacer()
        self._v8.eval(f'"use strict"; const realm = {HARNESS}({boot.source()}); 0')

    def run(self, code: str, *replies: str | None) -> dict[str, Any]:
        """What came of a script: its value, what it logged and asked of the host."""
        given = ",".join("undefined" if reply is None else json.dumps(reply) for reply in replies)
        return json.loads(str(self._v8.eval(f"realm.run({json.dumps(code)}, [{given}])")))

    def value(self, code: str) -> Any:
        """The value of an expression; undefined is None."""
        found = self.run(code)
        assert found["thrown"] is None, found["thrown"]
        return found["value"]

    def text(self, code: str) -> str:
        """Any JavaScript, engine's side."""
        return str(self._v8.eval(code))

    def close(self) -> None:
        self._v8.close()
