(lockgate) => {
  'use strict';

  // What the library and the engine need of ECMAScript, kept before a script can change it. A script may replace
  // JSON.stringify, add setters to Object.prototype or methods to Array.prototype: nothing here looks any of that up.
  // Two things to mind when using it: descriptors need `__proto__: null` (or a polluted Object.prototype.get counts),
  // and lists are filled by literals and existing indexes (or a setter on Array.prototype sees what is pushed).

  const {apply, construct, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, isExtensible,
    ownKeys, set: setMember, setPrototypeOf} = Reflect;
  const {freeze, hasOwn, is, keys: keysOf, getOwnPropertyNames, getOwnPropertySymbols} = Object;

  /** A method as a function that takes its `this` as first argument. */
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);

  const {Error, Function: MakeFunction, Map, ReferenceError, RegExp, Set, String, SyntaxError, TypeError} = globalThis;

  lockgate.primordials = freeze({
    __proto__: null,
    Error, Function: MakeFunction, Map, Object, ReferenceError, RegExp, Set, String, SyntaxError, TypeError,
    ceil: Math.ceil, floor: Math.floor, largest: Math.max, smallest: Math.min,
    apply, construct, defineProperty, deleteProperty, freeze, getOwnPropertyDescriptor, getOwnPropertyNames,
    getOwnPropertySymbols, getPrototypeOf, hasOwn, is, isExtensible, keysOf, ownKeys, setMember,
    setPrototypeOf,
    booleanValue: uncurry(Boolean.prototype.valueOf),
    isList: Array.isArray,
    listConcat: uncurry(Array.prototype.concat),
    listSlice: uncurry(Array.prototype.slice),
    listSort: uncurry(Array.prototype.sort),
    nativeParse: JSON.parse,
    nativeQuote: JSON.stringify,
    parseNumber: parseFloat,
    charCode: uncurry(String.prototype.charCodeAt),
    codePoint: uncurry(String.prototype.codePointAt),
    fromCharCode: String.fromCharCode,
    textSlice: uncurry(String.prototype.slice),
    wellFormed: uncurry(String.prototype.toWellFormed),
    match: uncurry(RegExp.prototype.exec),
    tagOf: uncurry(Object.prototype.toString),
    mapForEach: uncurry(Map.prototype.forEach),
    mapGet: uncurry(Map.prototype.get),
    mapHas: uncurry(Map.prototype.has),
    mapSize: uncurry(getOwnPropertyDescriptor(Map.prototype, 'size').get),
    setAdd: uncurry(Set.prototype.add),
    setForEach: uncurry(Set.prototype.forEach),
    setHas: uncurry(Set.prototype.has),
    setSize: uncurry(getOwnPropertyDescriptor(Set.prototype, 'size').get),
    symbolValue: uncurry(Symbol.prototype.valueOf),
  });

  /** What scripts see by name; the engine shows it to them. */
  lockgate.globals ??= {__proto__: null};

  /** The text of any value, as String(value); empty where turning it into text throws. */
  lockgate.text = (value) => {
    try {
      return String(value);
    } catch (error) {
      lockgate.unwind(error);
      return '';
    }
  };

  /**
   * For whoever catches what a script threw: throws it again if it is the engine's own way out of a run, which nothing
   * may swallow. The engine sets `lockgate.isUnwinding`.
   */
  lockgate.unwind = (error) => {
    if (lockgate.isUnwinding !== undefined && lockgate.isUnwinding(error)) throw error;
  };

  /** What was thrown, for trace and log: the stack of an error, the text of anything else. Never throws. */
  lockgate.describe = (thrown) => {
    try {
      const stack = typeof thrown === 'object' && thrown !== null ? thrown.stack : undefined;
      if (typeof stack === 'string' && stack !== '') return stack;
    } catch (error) {
      lockgate.unwind(error);
    }
    return lockgate.text(thrown);
  };
}
