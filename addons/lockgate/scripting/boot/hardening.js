(lockgate) => {
  'use strict';

  const {defineProperty, deleteProperty, getPrototypeOf, hasOwn} = lockgate.primordials;

  // Memory outside V8's heap, which no limit of ours counts.
  const MEMORY = [
    'ArrayBuffer', 'Atomics', 'BigInt64Array', 'BigUint64Array', 'DataView', 'Float16Array', 'Float32Array',
    'Float64Array', 'Int16Array', 'Int32Array', 'Int8Array', 'SharedArrayBuffer', 'Uint16Array', 'Uint32Array',
    'Uint8Array', 'Uint8ClampedArray', 'WebAssembly',
  ];

  // What would run after the script, where no time limit reaches it. A script's answer is what it returns, so waiting
  // is of no use to it.
  const LATER = [
    'AsyncDisposableStack', 'AsyncIterator', 'FinalizationRegistry', 'Promise', 'WeakRef', 'clearInterval',
    'clearTimeout', 'queueMicrotask', 'requestIdleCallback', 'setImmediate', 'setInterval', 'setTimeout',
    '__timer_manager',
  ];

  // Clocks of their own (a run may be replayed, so time comes from the engine), other realms, and the embedder's.
  const OTHERS = [
    'Intl', 'ShadowRealm', 'Temporal', 'gc', 'performance', 'print', 'read', 'readline', 'quit', 'structuredClone',
  ];

  /** Timers are variables of the embedder and cannot be deleted; `undefined` is what can be done. */
  function remove(holder, name) {
    if (hasOwn(holder, name) && !deleteProperty(holder, name)) {
      defineProperty(holder, name, {__proto__: null, value: undefined, writable: true});
    }
  }

  function removeAll(holder, names) {
    for (let index = 0; index < names.length; index++) remove(holder, names[index]);
  }

  // Syntax still makes promises: an async function leads to Promise.prototype, and from there to the constructor.
  const ofPromises = getPrototypeOf((async () => {})());
  removeAll(ofPromises, ['constructor', 'then', 'catch', 'finally']);
  removeAll(Array, ['fromAsync']);
  removeAll(globalThis, MEMORY);
  removeAll(globalThis, LATER);
  removeAll(globalThis, OTHERS);
  removeAll(Date.prototype, ['toTemporalInstant']);

  // RegExp keeps what it last matched, for everyone: the next request would read it. `compile` changes the inside of
  // an expression, which cannot be watched.
  const statics = Object.getOwnPropertyNames(RegExp);
  for (let index = 0; index < statics.length; index++) {
    if (!['length', 'name', 'prototype', 'escape'].includes(statics[index])) remove(RegExp, statics[index]);
  }
  remove(RegExp.prototype, 'compile');
}
