(lockgate) => {
  'use strict';

  // A script may change what V8 and the library come with: Array.prototype, JSON, `_`, the global object. Whether one
  // did is asked after every call, so it has to be cheap. Therefore what no script has a reason to change is frozen
  // when it is remembered (methods themselves, iterators, generators), and the rest is compared, member by member.

  const {Error, Set, defineProperty, deleteProperty, freeze, getOwnPropertyDescriptor, getOwnPropertyNames,
    getOwnPropertySymbols, getPrototypeOf, hasOwn, is, isExtensible, ownKeys, setAdd, setForEach, setHas,
    setPrototypeOf} = lockgate.primordials;

  // Newer than the scripts of the reference, and nothing that they would extend.
  const FROZEN = [
    'BigInt', 'DisposableStack', 'Iterator', 'Proxy', 'Reflect', 'SuppressedError', 'Symbol', 'WeakMap', 'WeakSet',
  ];

  const WRITABLE = 1;
  const ENUMERABLE = 2;
  const CONFIGURABLE = 4;
  const ACCESSOR = 8;

  const isObject = (value) => typeof value === 'function' || (typeof value === 'object' && value !== null);

  // What is watched, one row each; rows of one object are neighbours.
  const objects = [];         // in step with `prototypes`, `names`, `symbols` and `starts`
  const prototypes = [];
  const names = [];           // how many members there are
  const symbols = [];
  const starts = [];          // the first row in the columns that follow; one more than there are objects
  const keys = [];
  const values = [];          // of an accessor: its getter
  const setters = [];
  const flags = [];

  /** Objects that only syntax leads to. */
  function fromSyntax() {
    const iterators = [
      [][Symbol.iterator](), ''[Symbol.iterator](), new Map()[Symbol.iterator](), new Set()[Symbol.iterator](),
      ''.matchAll(/./g), [].values().map(() => 0), Iterator.from({next: () => ({done: true})}),
    ];
    const makers = [function* () {}, async () => {}, async function* () {}];
    const promise = (async () => {})();
    return [...iterators, ...makers, promise].map(getPrototypeOf);
  }

  /** Everything that a script can get at, from the global object and the globals on. */
  function reachable() {
    const found = new Set();
    const globals = ownKeys(lockgate.globals).map((name) => lockgate.globals[name]);
    const kept = ownKeys(lockgate.storage).map((name) => lockgate.storage[name]);
    const waiting = [globalThis, ...globals, ...kept, ...lockgate.behindAccessors, ...fromSyntax()];
    while (waiting.length > 0) {
      const object = waiting.pop();
      if (!isObject(object) || found.has(object)) continue;
      found.add(object);
      waiting.push(getPrototypeOf(object));
      for (const key of ownKeys(object)) {
        const {value, get, set} = getOwnPropertyDescriptor(object, key);
        waiting.push(value, get, set);
      }
    }
    return found;
  }

  /** Objects that are frozen, whatever they are. */
  function unchangeable() {
    const chosen = new Set();
    const add = (object) => {
      if (object !== Object.prototype && object !== Function.prototype && isObject(object)) chosen.add(object);
    };
    for (const name of FROZEN) {
      const maker = globalThis[name];
      add(maker);
      add(maker?.prototype);
    }
    for (const object of fromSyntax()) {
      for (let each = object; each !== null; each = getPrototypeOf(each)) add(each);
      add(object.constructor);
      add(object.prototype);
    }
    chosen.delete(Object);
    chosen.delete(Function);
    return chosen;
  }

  /** Methods have no `prototype`; constructors and functions of the old kind have. */
  const isMethod = (object) =>
    typeof object === 'function' && !hasOwn(object, 'prototype') && ownKeys(object).length <= 2;

  const flagsOf = (descriptor, isAccessor) =>
    (descriptor.writable === true ? WRITABLE : 0) | (descriptor.enumerable ? ENUMERABLE : 0)
    | (descriptor.configurable ? CONFIGURABLE : 0) | (isAccessor ? ACCESSOR : 0);

  /** Names of functions, tags and accessors of V8's own are no use to change: locked, they need no look. */
  function lock(object, key, descriptor) {
    const isTag = key === Symbol.toStringTag;
    const isLabel = typeof object === 'function' && (key === 'name' || key === 'length');
    const isAccessor = !('value' in descriptor) && object !== globalThis;
    if (isTag || isLabel || isAccessor) defineProperty(object, key, {__proto__: null, configurable: false});
  }

  function watch(object) {
    starts.push(keys.length);
    objects.push(object);
    prototypes.push(getPrototypeOf(object));
    names.push(getOwnPropertyNames(object).length);
    symbols.push(getOwnPropertySymbols(object).length);
    for (const key of ownKeys(object)) {
      lock(object, key, getOwnPropertyDescriptor(object, key));
      const descriptor = getOwnPropertyDescriptor(object, key);
      const isAccessor = !('value' in descriptor);
      if (!descriptor.configurable && !descriptor.writable) continue;
      keys.push(key);
      values.push(isAccessor ? descriptor.get : descriptor.value);
      setters.push(isAccessor ? descriptor.set : undefined);
      flags.push(flagsOf(descriptor, isAccessor));
    }
  }

  function remember() {
    if (objects.length > 0) throw new Error('remembered already');
    const fixed = unchangeable();
    const changeable = [Object.prototype];
    setForEach(reachable(), (object) => {
      if (fixed.has(object) || isMethod(object)) freeze(object);
      else if (object !== Object.prototype && !Object.isFrozen(object)) changeable.push(object);
    });
    for (const object of changeable) watch(object);
    starts.push(keys.length);
    lockgate.rememberCounter();
  }

  // From here on scripts may have run: nothing below asks what they can change. Members of descriptors are their own,
  // except `get` and `value` where the other is meant: Object.prototype, from which these would come, is looked at
  // first.

  function isRowDirty(object, row) {
    const descriptor = getOwnPropertyDescriptor(object, keys[row]);
    if (descriptor === undefined) return true;
    const isAccessor = (flags[row] & ACCESSOR) !== 0;
    if (!is(isAccessor ? descriptor.get : descriptor.value, values[row])) return true;
    if (isAccessor && descriptor.set !== setters[row]) return true;
    return flagsOf(descriptor, isAccessor) !== flags[row];
  }

  function isObjectDirty(index) {
    const object = objects[index];
    if (getPrototypeOf(object) !== prototypes[index] || !isExtensible(object)) return true;
    if (getOwnPropertyNames(object).length !== names[index]) return true;
    if (getOwnPropertySymbols(object).length !== symbols[index]) return true;
    const end = starts[index + 1];
    for (let row = starts[index]; row < end; row++) {
      if (isRowDirty(object, row)) return true;
    }
    return false;
  }

  function dirty() {
    for (let index = 0; index < objects.length; index++) {
      if (isObjectDirty(index)) return true;
    }
    return false;
  }

  function restoreRow(object, row) {
    const isAccessor = (flags[row] & ACCESSOR) !== 0;
    const attributes = {
      __proto__: null,
      enumerable: (flags[row] & ENUMERABLE) !== 0,
      configurable: (flags[row] & CONFIGURABLE) !== 0,
    };
    if (isAccessor) {
      attributes.get = values[row];
      attributes.set = setters[row];
    } else {
      attributes.value = values[row];
      attributes.writable = (flags[row] & WRITABLE) !== 0;
    }
    defineProperty(object, keys[row], attributes);
  }

  /** Takes away what was not there. What was there and cannot go stays: dirty() tells. */
  function removeForeign(object, index) {
    const known = new Set();
    for (let row = starts[index]; row < starts[index + 1]; row++) setAdd(known, keys[row]);
    const present = ownKeys(object);
    for (let place = 0; place < present.length; place++) {
      const key = present[place];
      if (setHas(known, key)) continue;
      const {configurable} = getOwnPropertyDescriptor(object, key);
      if (configurable) deleteProperty(object, key);
    }
  }

  /** Puts everything back; false where something cannot be. */
  function restore() {
    for (let index = 0; index < objects.length; index++) {
      if (!isObjectDirty(index)) continue;
      const object = objects[index];
      setPrototypeOf(object, prototypes[index]);
      removeForeign(object, index);
      for (let row = starts[index]; row < starts[index + 1]; row++) {
        if (isRowDirty(object, row)) restoreRow(object, row);
      }
    }
    return !dirty();
  }

  /** Shows the globals to scripts: on the global object, where they can be overwritten. */
  function install() {
    for (const name of ownKeys(lockgate.globals)) {
      defineProperty(globalThis, name, {
        __proto__: null, value: lockgate.globals[name], writable: true, enumerable: false, configurable: true,
      });
    }
  }

  lockgate.install = install;
  lockgate.remember = remember;
  lockgate.begin = () => lockgate.resetCounter();
  lockgate.dirty = dirty;
  lockgate.restore = restore;
}
