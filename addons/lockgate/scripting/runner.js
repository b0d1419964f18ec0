(boot) => {
  'use strict';

  // Runs what an API's scripts declare: load all sources, call one function, put everything back. Nothing here looks
  // up what a script can change, and no list grows by `push`: a setter on Array.prototype would see what it is given.
  //
  // Calls of the host are answered from a memo. At the first one that it does not hold the run is over, whatever the
  // script makes of it; the host answers, and the run begins again with a longer memo.

  const {apply, construct, defineProperty, deleteProperty, ownKeys} = Reflect;
  const {parse, stringify: quote} = JSON;
  const evaluate = eval;
  const SystemDate = Date;
  const SystemFunction = Function;
  const text = String;

  const MOST_LEXICALS = 1000;

  // The state of a run

  let now = 0;
  let random = 0;
  let memo = [];
  let position = 0;
  let most = 0;
  let pending = null;
  let fatal = null;
  let log = '';
  let logRoom = 0;
  let failures = '';
  let isLogged = true; // false while sources are loaded again

  const unwinding = {__proto__: null};

  const MOST_LOGGED = 65536;
  const LONGEST_LINE = 8192;
  const LONGEST_RESULT = 33554432;
  const LONGEST_DESCRIPTION = 16384;

  /** Stops the run for good: nothing that the script still does counts. */
  function stop(kind, message) {
    if (pending === null && fatal === null) fatal = [kind, message];
    throw unwinding;
  }

  const lockgate = {
    __proto__: null,
    globals: {__proto__: null},

    isUnwinding: (thrown) => thrown === unwinding,

    call(name, list) {
      if (pending !== null || fatal !== null) throw unwinding;
      if (list.length > LONGEST_RESULT) stop('memory', `${name} was given too long a text`);
      if (position < memo.length) {
        const known = memo[position];
        position += 1;
        if (known[0] !== name || known[1] !== list) {
          stop('unsteady', `it asked for something else when it was run again: call ${position}, ${name}`);
        }
        now = known[3];
        return known[2] === null ? undefined : known[2];
      }
      if (!isLogged) stop('unsteady', `it asked for more when it was loaded again: ${name}`);
      if (position >= most) stop('too-many-calls', `it calls the gateway more than ${most} times`);
      pending = [name, list];
      throw unwinding;
    },

    log(level, line) {
      if (!isLogged || logRoom <= 0 || pending !== null || fatal !== null) return;
      let kept = line.length > LONGEST_LINE ? cut(line, 0, LONGEST_LINE) + '…' : line;
      logRoom -= kept.length + 32;
      if (logRoom <= 0) {
        level = 'warn';
        kept = 'what is logged from here on is left out: it is too much';
      }
      log += (log === '' ? '[' : ',[') + quote(level) + ',' + quote(kept) + ']';
    },
  };

  // Time and chance: the same in every run of one call

  function ScriptDate(...parts) {
    if (new.target === undefined) return lockgate.dateText(new SystemDate(now));
    return construct(SystemDate, parts.length === 0 ? [now] : parts, new.target);
  }

  const uncurry = SystemFunction.prototype.bind.bind(SystemFunction.prototype.call);
  const cut = uncurry(String.prototype.slice);
  const trimmed = uncurry(String.prototype.trim);
  const match = uncurry(RegExp.prototype.exec);
  const listJoin = uncurry(Array.prototype.join);
  const mapGet = uncurry(Map.prototype.get);
  const mapSet = uncurry(Map.prototype.set);
  const setHas = uncurry(Set.prototype.has);
  const entries = new Map();

  function show(holder, name, value, writable = true) {
    defineProperty(holder, name, {__proto__: null, value, writable, enumerable: false, configurable: true});
  }

  show(ScriptDate, 'name', 'Date', false);
  show(ScriptDate, 'length', 7, false);
  ScriptDate.prototype = SystemDate.prototype;
  defineProperty(ScriptDate, 'prototype', {__proto__: null, writable: false});
  show(SystemDate.prototype, 'constructor', ScriptDate);
  show(ScriptDate, 'now', {now: () => now}.now);
  show(ScriptDate, 'parse', SystemDate.parse);
  show(ScriptDate, 'UTC', SystemDate.UTC);
  show(globalThis, 'Date', ScriptDate);

  const multiply = Math.imul;

  /** Mulberry32: 32 bits of state, from 0 below 1. */
  show(Math, 'random', {
    random() {
      random = (random + 0x6d2b79f5) | 0;
      let mixed = multiply(random ^ (random >>> 15), 1 | random);
      mixed = (mixed + multiply(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  }.random);

  boot(lockgate);

  // Sources

  const IDENTIFIER = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu;
  const LEXICAL = /\b(?:let|const|class)\b/;
  const DECLARED = /^Identifier '(.+)' has already been declared$/;
  const RESERVED = makeSet(
    'await break case catch class const continue debugger default delete do else enum export extends false finally ' +
    'for function if import in instanceof let new null return static super switch this throw true try typeof var ' +
    'void while with yield eval arguments undefined NaN Infinity',
  );

  function makeSet(words) {
    const set = {__proto__: null};
    const parts = words.split(' ');
    for (let index = 0; index < parts.length; index++) set[parts[index]] = true;
    return set;
  }

  /** Names that stand anywhere in a text, whatever for. */
  function words(source) {
    const seen = {__proto__: null};
    const found = [];
    IDENTIFIER.lastIndex = 0;
    for (let one = match(IDENTIFIER, source); one !== null; one = match(IDENTIFIER, source)) {
      const word = one[0];
      if (RESERVED[word] !== true && seen[word] !== true) {
        seen[word] = true;
        show(found, found.length, word);
      }
    }
    return found;
  }

  /** The name that V8 says is declared by `let`, `const` or `class`, if one of these names is; "" where none is. */
  function clash(source, names) {
    let list = '';
    for (let index = 0; index < names.length; index++) {
      if (names[index] !== '') list += (list === '' ? 'var ' : ',') + names[index];
    }
    if (list === '') return '';
    try {
      evaluate('throw 0;' + source + '\n;' + list);
    } catch (error) {
      if (typeof error === 'object' && error !== null) {
        const found = match(DECLARED, text(error.message));
        if (found !== null) return found[1];
      }
    }
    return '';
  }

  /** What a source declares at its top by `let`, `const` or `class`. V8 says it; nothing of the source is run. */
  function lexicals(source) {
    const found = [];
    if (match(LEXICAL, source) === null) return found;
    const names = words(source);
    while (found.length < MOST_LEXICALS) {
      const name = clash(source, names);
      const at = name === '' ? -1 : indexOf(names, name);
      if (at < 0) return found;
      names[at] = '';
      show(found, found.length, name);
    }
    return found;
  }

  function indexOf(list, wanted) {
    for (let index = 0; index < list.length; index++) if (list[index] === wanted) return index;
    return -1;
  }

  /**
   * A source as it is evaluated. Its variables and functions are the API's globals. What it declares by `let`, `const`
   * or `class` belongs to the evaluated text alone, so each such name becomes a global that leads there.
   */
  function withExports(source, index, names) {
    let head = '';
    for (let at = 0; at < names.length; at++) {
      const name = names[at];
      const value = name === 'value' ? 'other' : 'value';
      head += (head === '' ? '' : ',') + `[${quote(name)},()=>${name},${value}=>{${name}=${value}}]`;
    }
    // It stands on the source's first line, so that all others keep their numbers. It also has the directive
    // 'use strict' of a whole source mean nothing, as in the reference: what it declares would be nobody's.
    const line = head === '' ? '0;' : `${exportName}([${head}]);`;
    return [line + source + `\n//# sourceURL=lockgate:${index}`, line.length];
  }

  let exportName = '';

  /** Makes globals of what a source declares by `let`, `const` or `class`. */
  function exported(accessors) {
    for (let index = 0; index < accessors.length; index++) {
      const one = accessors[index];
      defineProperty(globalThis, one[0], {__proto__: null, get: one[1], set: one[2], enumerable: false, configurable: true});
    }
  }

  const storage = ownKeys(lockgate.storage);
  let sources = [];
  let keeps = false; // whether scripts have the functions TykStorage…
  let loading = {now: 0, seed: 0, memo: []};

  /** Runs all sources. One that throws keeps what it did and declared before; the others are loaded all the same. */
  function load() {
    now = loading.now;
    random = loading.seed;
    memo = loading.memo;
    position = 0;
    failures = '';
    if (keeps) {
      for (let index = 0; index < storage.length; index++) show(globalThis, storage[index], lockgate.storage[storage[index]]);
    }
    for (let index = 0; index < sources.length && pending === null && fatal === null; index++) {
      try {
        if (exportName !== '') show(globalThis, exportName, exported);
        evaluate(sources[index]);
      } catch (error) {
        if (isLogged && pending === null && fatal === null) {
          failures += (failures === '' ? '[' : ',[') + index + ',' + quote(described(error)) + ']';
        }
      }
    }
    if (exportName !== '') deleteProperty(globalThis, exportName);
  }

  function described(error) {
    const found = lockgate.describe(error);
    return found.length > LONGEST_DESCRIPTION ? cut(found, 0, LONGEST_DESCRIPTION) : found;
  }

  /** Takes away what scripts declared: usually all that there is to put back. */
  function removeGlobals() {
    const names = ownKeys(globalThis);
    for (let index = 0; index < names.length; index++) {
      if (!setHas(globals, names[index])) deleteProperty(globalThis, names[index]);
    }
  }

  // Calls

  const METHODS = {
    __proto__: null, virtual: '', request: '.DoProcessRequest', response: '.DoProcessResponse', event: '.DoProcessEvent',
  };

  /** A function that calls what a name leads to, with all arguments. The name is any expression. */
  function entry(kind, name, count) {
    const key = `${kind} ${count} ${name}`;
    let found = mapGet(entries, key);
    if (found === undefined) {
      let list = '';
      for (let index = 0; index < count; index++) list += (index === 0 ? '' : ', ') + `arguments[${index}]`;
      const code = `${trimmed(name)}${METHODS[kind]}`;
      found = new SystemFunction(`return (${code}\n(${list}))\n//# sourceURL=lockgate:entry`);
      mapSet(entries, key, found);
    }
    return found;
  }

  function begin(mostCalls, logs) {
    most = mostCalls;
    pending = null;
    fatal = null;
    log = '';
    logRoom = MOST_LOGGED;
    isLogged = logs;
    lockgate.begin();
  }

  /** What a run came to, as a JSON list whose first item says what the others are. */
  function outcome(kind, value) {
    if (pending !== null) return `["pending",${quote(pending[0])},${quote(pending[1])}]`;
    if (fatal !== null) return `["error",${quote(fatal[0])},${quote(fatal[1])},[${log}]]`;
    if (value !== undefined && value.length > LONGEST_RESULT) {
      return `["error","memory","what it returned is too long",[${log}]]`;
    }
    return `[${quote(kind)},${value === undefined ? 'null' : quote(value)},[${log}],[${failures}]]`;
  }

  function tidy() {
    pending = unwinding;
    memo = [];
    log = '';
    removeGlobals();
    return !lockgate.dirty() || lockgate.restore();
  }

  let isTidy = true;

  /** Puts everything back when the outcome is on its way. No script can change how `await` works. */
  async function tidyLater() {
    isTidy = false;
    await 0;
    isTidy = tidy();
  }

  const engine = {
    __proto__: null,

    /** Takes the sources of an API: a list of texts. Answers how many characters stand before each one's first line. */
    install(texts, name, hasStorage) {
      keeps = hasStorage;
      const widths = [];
      const made = [];
      for (let index = 0; index < texts.length; index++) {
        const names = lexicals(texts[index]);
        if (names.length > 0) exportName = name;
        const [code, width] = withExports(texts[index], index, names);
        show(made, index, code);
        show(widths, index, width);
      }
      sources = made;
      return `[${listJoin(widths, ',')}]`;
    },

    /** Loads the sources, and nothing else. */
    load(at, seed, known, mostCalls) {
      begin(mostCalls, true);
      loading = {now: at, seed, memo: known};
      load();
      return outcome('loaded', undefined);
    },

    /** How loading went, for all calls. */
    settle(at, seed, known) {
      loading = {now: at, seed, memo: known};
      return '["settled"]';
    },

    /**
     * Loads the sources as before, and calls. Where it tidies, everything is put back right behind the outcome, beside
     * whoever reads it; what could not be put back shows at the next call, which is for another V8 then.
     */
    call(kind, name, list, at, seed, known, mostCalls, tidies) {
      if (!isTidy) return '["untidy"]';
      if (tidies) tidyLater();
      begin(0, false);
      load();
      if (fatal !== null) return outcome('text', undefined);
      pending = null;
      isLogged = true;
      most = mostCalls;
      now = at;
      random = seed;
      memo = known;
      position = 0;
      try {
        const given = [];
        for (let index = 0; index < list.length; index++) show(given, index, parse(list[index]));
        const value = apply(entry(kind, name, list.length), undefined, given);
        return outcome('text', value === undefined ? undefined : text(value));
      } catch (error) {
        return pending !== null || fatal !== null ? outcome('', undefined) : outcome('thrown', described(error));
      }
    },

    /** Puts everything back, once all that a run left to do is done. Answers whether that went well. */
    end: tidy,
  };

  lockgate.install();
  lockgate.remember();
  const globals = new Set(ownKeys(globalThis));
  return engine;
}
