(lockgate) => {
  'use strict';

  // `_`, as scripts know it from Underscore 1.13.7: the same functions, written anew after its documentation.
  // Functions are methods of object literals where they can be: those have no `prototype`, so nothing hangs on them.

  const {Error, Function, Map, Object, ReferenceError, RegExp, Set, String, TypeError, apply, ceil, codePoint,
    construct, defineProperty, floor, freeze, hasOwn, is, isList, keysOf, largest, listConcat, listSlice, listSort,
    mapForEach, mapGet, mapHas, mapSize, match, parseNumber, setAdd, setForEach, setHas, setMember, setPrototypeOf,
    setSize, smallest, symbolValue, tagOf, textSlice} = lockgate.primordials;

  const VERSION = '1.13.7';
  const LARGEST_INDEX = 2 ** 53 - 1;
  const STOP = {__proto__: null};

  /** Calls without `new` wrap, calls with it build. */
  function _(value) {
    if (value instanceof _) return value;
    if (new.target === undefined) return new _(value);
    this._wrapped = value;
  }

  // Helpers

  /** Sets a member as assignment in sloppy code does, but `__proto__` is a name as any other. */
  function put(target, name, value) {
    if (name === '__proto__') {
      defineProperty(target, name, {__proto__: null, value, writable: true, enumerable: true, configurable: true});
    } else if (isObject(target)) {
      setMember(target, name, value);
    }
  }

  const isNothing = (value) => value === null || value === undefined;
  const isObject = (value) => typeof value === 'function' || (typeof value === 'object' && value !== null);
  const lengthOf = (list) => (isNothing(list) ? undefined : list.length);
  const own = (object, name) => !isNothing(object) && hasOwn(object, name);

  function isArrayLike(list) {
    const length = lengthOf(list);
    return typeof length === 'number' && length >= 0 && length <= LARGEST_INDEX;
  }

  const isArguments = (value) => tagOf(value) === '[object Arguments]';
  const isFlattened = (value) => isArrayLike(value) && (isList(value) || isArguments(value));
  const ownKeys = (object) => (isObject(object) ? keysOf(object) : []);

  function everyKey(object) {
    const names = [];
    if (isObject(object)) {
      for (const name in object) names[names.length] = name;
    }
    return names;
  }

  /** Keys to walk over; null where the indexes of a list are meant. */
  const keysToWalk = (list) => (isArrayLike(list) ? null : ownKeys(list));

  /** Calls visit(value, key) for every element or member until it returns STOP. */
  function walk(list, visit) {
    const keys = keysToWalk(list);
    const length = (keys ?? list).length;
    for (let index = 0; index < length; index++) {
      const key = keys === null ? index : keys[index];
      if (visit(list[key], key) === STOP) return;
    }
  }

  /** A function with its `this`; the function itself where no context is given. */
  function inContext(callback, context) {
    return context === undefined ? callback : (...values) => apply(callback, context, values);
  }

  /** Whatever the documentation calls an iteratee, as a function. */
  function baseIteratee(value, context) {
    if (isNothing(value)) return library.identity;
    if (typeof value === 'function') return inContext(value, context);
    if (isObject(value) && !isList(value)) return library.matcher(value);
    return library.property(value);
  }

  /** As baseIteratee; a script may have put its own rules at _.iteratee. */
  function callbackOf(value, context) {
    return _.iteratee === library.iteratee ? baseIteratee(value, context) : _.iteratee(value, context);
  }

  const pathOf = (path) => _.toPath(path);

  function deepGet(object, path) {
    let value = object;
    for (let index = 0; index < path.length; index++) {
      if (isNothing(value)) return undefined;
      value = value[path[index]];
    }
    return path.length > 0 ? value : undefined;
  }

  function flattenInto(output, list, depth, listsOnly) {
    const length = lengthOf(list);
    for (let index = 0; index < length; index++) {
      const value = list[index];
      if (isFlattened(value)) {
        if (depth > 1) {
          flattenInto(output, value, depth - 1, listsOnly);
        } else {
          for (let inner = 0; inner < value.length; inner++) output[output.length] = value[inner];
        }
      } else if (!listsOnly) {
        output[output.length] = value;
      }
    }
    return output;
  }

  /** The elements of some lists in one; what is no list is left out. */
  const joined = (lists) => flattenInto([], lists, 1, true);
  /** Names given one by one or in lists. */
  const spread = (names) => flattenInto([], names, Infinity, false);

  /** Timers do not exist for scripts: as in the reference, whoever needs one meets an error. */
  function setTimer() {
    throw new ReferenceError('setTimeout is not defined');
  }

  const listOf = (values) => (isArrayLike(values) ? values : library.values(values));

  /** Whether values are equal as keys of a Set are: NaN equals itself, 0 equals -0. */
  const sameValue = (one, other) => one === other || (one !== one && other !== other);

  function positionOf(list, wanted, from, end, step) {
    for (let index = from; step > 0 ? index < end : index > end; index += step) {
      if (sameValue(list[index], wanted)) return index;
    }
    return -1;
  }

  // Collections

  function reduced(list, callback, memo, hasMemo, fromEnd) {
    if (!hasMemo && isNothing(list)) throw new TypeError('reduce of null or undefined without a first value');
    const keys = keysToWalk(list);
    const length = (keys ?? list).length;
    let value = memo;
    let started = hasMemo;
    for (let count = 0; count < length; count++) {
      const index = fromEnd ? length - 1 - count : count;
      const key = keys === null ? index : keys[index];
      if (started) {
        value = callback(value, list[key], key, list);
      } else {
        value = list[key];
        started = true;
      }
    }
    return value;
  }

  function mapped(list, callback) {
    const result = [];
    walk(list, (value, key) => {
      result[result.length] = callback(value, key, list);
    });
    return result;
  }

  function kept(list, test) {
    const result = [];
    walk(list, (value, key) => {
      if (test(value, key, list)) result[result.length] = value;
    });
    return result;
  }

  /** The element whose computed value is furthest, by `beats(computed, best)`; `worst` where there is none. */
  function extreme(list, iteratee, context, worst, beats) {
    let result = worst;
    const direct = isNothing(iteratee)
      // As an iteratee of _.map, max and min get an index.
      || (typeof iteratee === 'number' && !isNothing(list) && typeof list[0] !== 'object');
    if (direct) {
      walk(listOf(list), (value) => {
        if (!isNothing(value) && beats(value, result)) result = value;
      });
      return result;
    }
    const compute = callbackOf(iteratee, context);
    let best = worst;
    walk(list, (value, key) => {
      const computed = compute(value, key, list);
      if (beats(computed, best) || (computed === worst && result === worst)) {
        result = value;
        best = computed;
      }
    });
    return result;
  }

  /** groupBy and its kin: put(result, value, key) for every element. */
  function grouped(list, iteratee, context, add) {
    const result = {};
    const keyOf = callbackOf(iteratee, context);
    walk(list, (value, index) => {
      // A key is a name, whatever it was made of.
      const key = keyOf(value, index, list);
      add(result, value, typeof key === 'symbol' ? key : `${key}`);
    });
    return result;
  }

  /** Orders what sortBy computed; undefined comes last. */
  function compare(left, right) {
    const one = left.computed;
    const other = right.computed;
    if (one !== other) {
      if (one > other || one === undefined) return 1;
      if (one < other || other === undefined) return -1;
    }
    return left.index - right.index;
  }

  /** A text as its characters; a surrogate pair is one. */
  function characters(text) {
    const list = [];
    for (let index = 0; index < text.length;) {
      const size = codePoint(text, index) > 0xffff ? 2 : 1;
      list[list.length] = textSlice(text, index, index + size);
      index += size;
    }
    return list;
  }

  const collections = {
    each(list, iteratee, context) {
      const callback = inContext(iteratee, context);
      walk(list, (value, key) => {
        callback(value, key, list);
      });
      return list;
    },

    map: (list, iteratee, context) => mapped(list, callbackOf(iteratee, context)),

    reduce(list, iteratee, ...rest) {
      return reduced(list, inContext(iteratee, rest[1]), rest[0], rest.length > 0, false);
    },

    reduceRight(list, iteratee, ...rest) {
      return reduced(list, inContext(iteratee, rest[1]), rest[0], rest.length > 0, true);
    },

    find(list, predicate, context) {
      const search = isArrayLike(list) ? arrays.findIndex : objects.findKey;
      const key = search(list, predicate, context);
      return key === undefined || key === -1 ? undefined : list[key];
    },

    filter: (list, predicate, context) => kept(list, callbackOf(predicate, context)),

    reject(list, predicate, context) {
      const test = callbackOf(predicate, context);
      return kept(list, (value, key) => !test(value, key, list));
    },

    where: (list, attributes) => kept(list, library.matcher(attributes)),
    findWhere: (list, attributes) => collections.find(list, library.matcher(attributes)),

    every(list, predicate, context) {
      const test = callbackOf(predicate, context);
      let result = true;
      walk(list, (value, key) => {
        if (test(value, key, list)) return undefined;
        result = false;
        return STOP;
      });
      return result;
    },

    some(list, predicate, context) {
      const test = callbackOf(predicate, context);
      let result = false;
      walk(list, (value, key) => {
        if (!test(value, key, list)) return undefined;
        result = true;
        return STOP;
      });
      return result;
    },

    contains(list, wanted, fromIndex, guard) {
      const from = typeof fromIndex !== 'number' || guard ? 0 : fromIndex;
      return arrays.indexOf(listOf(list), wanted, from) >= 0;
    },

    invoke(list, path, ...values) {
      const given = typeof path === 'function' ? path : undefined;
      const names = given === undefined ? pathOf(path) : [];
      const last = names.length - 1;
      return mapped(list, (element) => {
        if (given !== undefined) return apply(given, element, values);
        const target = last > 0 ? deepGet(element, listSlice(names, 0, last)) : element;
        if (isNothing(target)) return undefined;
        const method = target[names[last]];
        return isNothing(method) ? method : apply(method, target, values);
      });
    },

    pluck: (list, path) => mapped(list, library.property(path)),
    max: (list, iteratee, context) => extreme(list, iteratee, context, -Infinity, (one, other) => one > other),
    min: (list, iteratee, context) => extreme(list, iteratee, context, Infinity, (one, other) => one < other),
    shuffle: (list) => collections.sample(list, Infinity),

    sample(list, count, guard) {
      if (isNothing(count) || guard) {
        const values = listOf(list);
        return values[library.random(values.length - 1)];
      }
      const sampled = collections.toArray(list);
      const wanted = largest(smallest(count, sampled.length), 0);
      for (let index = 0; index < wanted; index++) {
        const other = library.random(index, sampled.length - 1);
        const value = sampled[index];
        sampled[index] = sampled[other];
        sampled[other] = value;
      }
      return listSlice(sampled, 0, wanted);
    },

    sortBy(list, iteratee, context) {
      const compute = callbackOf(iteratee, context);
      let count = 0;
      const rows = mapped(list, (value, key) => ({
        value, index: count++, computed: compute(value, key, list),
      }));
      listSort(rows, compare);
      return mapped(rows, (row) => row.value);
    },

    groupBy: (list, iteratee, context) => grouped(list, iteratee, context, (result, value, key) => {
      if (own(result, key)) result[key][result[key].length] = value;
      else put(result, key, [value]);
    }),

    indexBy: (list, iteratee, context) => grouped(list, iteratee, context, (result, value, key) => {
      put(result, key, value);
    }),

    countBy: (list, iteratee, context) => grouped(list, iteratee, context, (result, value, key) => {
      put(result, key, own(result, key) ? result[key] + 1 : 1);
    }),

    partition(list, predicate, context) {
      const test = callbackOf(predicate, context);
      const passed = [];
      const failed = [];
      walk(list, (value, key) => {
        const side = test(value, key, list) ? passed : failed;
        side[side.length] = value;
      });
      return [passed, failed];
    },

    toArray(list) {
      if (!list) return [];
      if (isList(list)) return listSlice(list);
      if (library.isString(list)) return characters(`${list}`);
      return isArrayLike(list) ? mapped(list, library.identity) : library.values(list);
    },

    size(list) {
      if (isNothing(list)) return 0;
      return isArrayLike(list) ? list.length : ownKeys(list).length;
    },

    compact: (list) => kept(list, (value) => value),
  };

  // Arrays

  /** Of first and its kin: whether just one element is meant; `guard` says that `count` is an index of _.map. */
  const wantsOne = (count, guard) => isNothing(count) || !!guard;
  const isBlank = (list) => isNothing(list) || list.length < 1;

  function sought(list, predicate, context, fromEnd) {
    const test = callbackOf(predicate, context);
    const length = lengthOf(list);
    for (let count = 0; count < length; count++) {
      const index = fromEnd ? length - 1 - count : count;
      if (test(list[index], index, list)) return index;
    }
    return -1;
  }

  const arrays = {
    first(list, count, guard) {
      if (isBlank(list)) return wantsOne(count, guard) ? undefined : [];
      return wantsOne(count, guard) ? list[0] : arrays.initial(list, list.length - count);
    },

    last(list, count, guard) {
      if (isBlank(list)) return wantsOne(count, guard) ? undefined : [];
      return wantsOne(count, guard) ? list[list.length - 1] : arrays.rest(list, largest(0, list.length - count));
    },

    initial: (list, count, guard) => listSlice(list, 0, largest(0, list.length - (wantsOne(count, guard) ? 1 : count))),
    rest: (list, count, guard) => listSlice(list, wantsOne(count, guard) ? 1 : count),

    flatten(list, depth) {
      if (typeof depth === 'number' && depth <= 0) return listConcat([], list);
      return flattenInto([], list, depth || Infinity, false);
    },

    without: (list, ...values) => arrays.difference(list, values),
    union: (...lists) => arrays.uniq(joined(lists)),

    difference(list, ...others) {
      const unwanted = new Set();
      walk(joined(others), (value) => {
        setAdd(unwanted, value);
      });
      return kept(list, (value) => !setHas(unwanted, value));
    },

    intersection(list, ...others) {
      const found = new Set();
      const result = [];
      for (let index = 0; index < lengthOf(list); index++) {
        const value = list[index];
        if (setHas(found, value)) continue;
        if (!collections.every(others, (other) => collections.contains(other, value))) continue;
        setAdd(found, value);
        result[result.length] = value;
      }
      return result;
    },

    uniq(list, isSorted, iteratee, context) {
      if (!library.isBoolean(isSorted)) return arrays.uniq(list, false, isSorted, iteratee);
      const hasIteratee = !isNothing(iteratee);
      const compute = hasIteratee ? callbackOf(iteratee, context) : library.identity;
      const seen = new Set();
      let previous;
      const result = [];
      for (let index = 0; index < lengthOf(list); index++) {
        const computed = compute(list[index], index, list);
        // Sorted lists need no more than a look at the element before.
        const known = isSorted && !hasIteratee ? index > 0 && previous === computed : setHas(seen, computed);
        previous = computed;
        if (known) continue;
        setAdd(seen, computed);
        result[result.length] = list[index];
      }
      return result;
    },

    zip: (...lists) => arrays.unzip(lists),

    unzip(lists) {
      const result = [];
      const longest = (lists && lengthOf(collections.max(lists, lengthOf))) || 0;
      for (let index = 0; index < longest; index++) result[index] = collections.pluck(lists, index);
      return result;
    },

    object(list, values) {
      const result = {};
      for (let index = 0; index < lengthOf(list); index++) {
        if (values) put(result, list[index], values[index]);
        else put(result, list[index][0], list[index][1]);
      }
      return result;
    },

    chunk(list, count) {
      const result = [];
      if (isNothing(count) || count < 1) return result;
      for (let index = 0; index < lengthOf(list);) {
        const next = index + count;
        result[result.length] = listSlice(list, index, next);
        index = next;
      }
      return result;
    },

    indexOf(list, wanted, isSorted) {
      const length = lengthOf(list) || 0;
      if (typeof isSorted === 'number') {
        const from = isSorted >= 0 ? smallest(isSorted, length) : largest(isSorted + length, 0);
        return positionOf(list, wanted, from, length, 1);
      }
      if (isSorted && length > 0) {
        const index = arrays.sortedIndex(list, wanted);
        return list[index] === wanted ? index : -1;
      }
      return positionOf(list, wanted, 0, length, 1);
    },

    lastIndexOf(list, wanted, fromIndex) {
      const length = lengthOf(list) || 0;
      let from = length - 1;
      if (typeof fromIndex === 'number') {
        from = fromIndex >= 0 ? smallest(fromIndex, from) : largest(fromIndex + length, -1);
      }
      return positionOf(list, wanted, from, -1, -1);
    },

    sortedIndex(list, value, iteratee, context) {
      const compute = callbackOf(iteratee, context);
      const wanted = compute(value);
      let low = 0;
      let high = lengthOf(list) || 0;
      while (low < high) {
        const middle = floor((low + high) / 2);
        if (compute(list[middle]) < wanted) low = middle + 1;
        else high = middle;
      }
      return low;
    },

    findIndex: (list, predicate, context) => sought(list, predicate, context, false),
    findLastIndex: (list, predicate, context) => sought(list, predicate, context, true),

    range(start, stop, step) {
      const given = stop !== null && stop !== undefined;
      const from = given ? start : 0;
      const to = given ? stop : start || 0;
      const by = step || (to < from ? -1 : 1);
      const length = largest(ceil((to - from) / by), 0);
      const result = [];
      for (let index = 0, value = from; index < length; index++, value += by) result[index] = value;
      return result;
    },
  };

  // Functions

  function assertFunction(value) {
    if (typeof value !== 'function') throw new TypeError('Bind must be called on a function');
  }

  /** Two lists in one. */
  function both(one, other) {
    const all = [];
    for (let index = 0; index < one.length; index++) all[all.length] = one[index];
    for (let index = 0; index < other.length; index++) all[all.length] = other[index];
    return all;
  }

  /** What partial calls with: placeholders are filled in turn, the rest follows. */
  function filled(pattern, values, placeholder) {
    const all = [];
    let next = 0;
    for (let index = 0; index < pattern.length; index++) {
      all[index] = pattern[index] === placeholder ? values[next++] : pattern[index];
    }
    for (; next < values.length; next++) all[all.length] = values[next];
    return all;
  }

  const now = () => globalThis.Date.now();

  const functions = {
    bind(method, context, ...first) {
      assertFunction(method);
      return function bound(...rest) {
        const values = both(first, rest);
        return new.target === undefined ? apply(method, context, values) : construct(method, values);
      };
    },

    bindAll(object, ...names) {
      const all = spread(names);
      if (all.length < 1) throw new Error('bindAll must be passed function names');
      for (let index = all.length - 1; index >= 0; index--) {
        put(object, all[index], functions.bind(object[all[index]], object));
      }
      return object;
    },

    partial(method, ...pattern) {
      return function bound(...rest) {
        const values = filled(pattern, rest, _.partial.placeholder);
        return new.target === undefined ? apply(method, this, values) : construct(method, values);
      };
    },

    memoize(method, hasher) {
      function memoized(key) {
        const name = '' + (hasher ? apply(hasher, this, arguments) : key);
        const {cache} = memoized;
        if (!own(cache, name)) put(cache, name, apply(method, this, arguments));
        return cache[name];
      }
      memoized.cache = {};
      return memoized;
    },

    delay: () => setTimer(),
    defer: () => setTimer(),

    throttle(method, wait, options) {
      const {leading, trailing} = options || {};
      let previous = 0;
      let result;
      function throttled(...values) {
        const at = now();
        if (!previous && leading === false) previous = at;
        const remaining = wait - (at - previous);
        if (remaining <= 0 || remaining > wait) {
          previous = at;
          result = apply(method, this, values);
        } else if (trailing !== false) {
          setTimer();
        }
        return result;
      }
      throttled.cancel = () => {
        previous = 0;
      };
      return throttled;
    },

    debounce() {
      const debounced = () => setTimer();
      debounced.cancel = library.noop;
      return debounced;
    },

    once: (method) => functions.before(2, method),

    after(times, method) {
      let left = times;
      return function after(...values) {
        left--;
        return left < 1 ? apply(method, this, values) : undefined;
      };
    },

    before(times, method) {
      let left = times;
      let memo;
      return function before(...values) {
        left--;
        if (left > 0) memo = apply(method, this, values);
        return memo;
      };
    },

    wrap: (method, wrapper) => functions.partial(wrapper, method),

    negate: (predicate) => function negated(...values) {
      return !apply(predicate, this, values);
    },

    compose: (...methods) => function composed(...values) {
      let index = methods.length - 1;
      let result = apply(methods[index], this, values);
      while (index-- > 0) result = apply(methods[index], this, [result]);
      return result;
    },

    restArguments(method, startIndex) {
      const start = isNothing(startIndex) ? method.length - 1 : +startIndex;
      return function gathering(...values) {
        const all = [];
        for (let index = 0; index < start; index++) all[index] = values[index];
        all[all.length] = values.length > start ? listSlice(values, start) : [];
        return apply(method, this, all);
      };
    },
  };

  // Objects

  /** extend and its kin. */
  function assigned(target, sources, namesOf, onlyMissing) {
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index];
      const names = namesOf(source);
      for (let place = 0; place < names.length; place++) {
        const name = names[place];
        const missing = name === '__proto__' ? !own(target, name) : target[name] === undefined;
        if (!onlyMissing || missing) put(target, name, source[name]);
      }
    }
    return target;
  }

  /** What pick takes: members for which take(value, name, object) is true. */
  function picked(object, names, take) {
    const result = {};
    for (let index = 0; index < names.length; index++) {
      const value = object[names[index]];
      if (take(value, names[index], object)) put(result, names[index], value);
    }
    return result;
  }

  /** A test for one of the tags that Object.prototype.toString tells. */
  function tags(...names) {
    const wanted = new Set(names.map((name) => `[object ${name}]`));
    return (value) => setHas(wanted, tagOf(value));
  }

  const objects = {
    keys: (object) => ownKeys(object),
    allKeys: (object) => everyKey(object),
    values: (object) => mapped(ownKeys(object), (name) => object[name]),
    pairs: (object) => mapped(ownKeys(object), (name) => [name, object[name]]),

    mapObject(object, iteratee, context) {
      const callback = callbackOf(iteratee, context);
      const result = {};
      walk(ownKeys(object), (name) => {
        put(result, name, callback(object[name], name, object));
      });
      return result;
    },

    invert(object) {
      const result = {};
      walk(ownKeys(object), (name) => {
        put(result, '' + object[name], name);
      });
      return result;
    },

    create(prototype, members) {
      const result = isObject(prototype) ? setPrototypeOfNew(prototype) : {};
      return members ? objects.extendOwn(result, members) : result;
    },

    functions: (object) =>
      listSort(kept(everyKey(object), (name) => typeof object[name] === 'function')),

    findKey(object, predicate, context) {
      const test = callbackOf(predicate, context);
      const names = ownKeys(object);
      for (let index = 0; index < names.length; index++) {
        if (test(object[names[index]], names[index], object)) return names[index];
      }
      return undefined;
    },

    extend: (target, ...sources) => (isNothing(target) ? target : assigned(target, sources, everyKey, false)),
    extendOwn: (target, ...sources) => (isNothing(target) ? target : assigned(target, sources, ownKeys, false)),
    defaults: (target, ...sources) => assigned(isNothing(target) ? {} : Object(target), sources, everyKey, true),

    pick(object, ...choice) {
      if (isNothing(object)) return {};
      if (typeof choice[0] === 'function') {
        return picked(object, everyKey(object), inContext(choice[0], choice[1]));
      }
      const source = Object(object);
      return picked(source, spread(choice), (value, name) => name in source);
    },

    omit(object, ...choice) {
      if (typeof choice[0] === 'function') return objects.pick(object, functions.negate(choice[0]), choice[1]);
      const names = mapped(spread(choice), (name) => String(name));
      return objects.pick(object, (value, name) => !collections.contains(names, name));
    },

    clone(value) {
      if (!isObject(value)) return value;
      return isList(value) ? listSlice(value) : objects.extend({}, value);
    },

    tap(value, interceptor) {
      interceptor(value);
      return value;
    },

    toPath: (path) => (isList(path) ? path : [path]),

    get(object, path, fallback) {
      const value = deepGet(object, pathOf(path));
      return value === undefined ? fallback : value;
    },

    has(object, path) {
      const names = pathOf(path);
      let holder = object;
      for (let index = 0; index < names.length; index++) {
        if (!own(holder, names[index])) return false;
        holder = holder[names[index]];
      }
      return names.length > 0;
    },

    property(path) {
      const names = pathOf(path);
      return (object) => deepGet(object, names);
    },

    propertyOf: (object) => (isNothing(object) ? library.noop : (path) => objects.get(object, path)),

    matcher(attributes) {
      const wanted = objects.extendOwn({}, attributes);
      return (object) => objects.isMatch(object, wanted);
    },

    isMatch(object, attributes) {
      const names = ownKeys(attributes);
      if (isNothing(object)) return names.length === 0;
      const source = Object(object);
      return collections.every(names, (name) => attributes[name] === source[name] && name in source);
    },

    isEmpty(value) {
      if (isNothing(value)) return true;
      const length = lengthOf(value);
      const isSequence = isList(value) || library.isString(value) || isArguments(value);
      return typeof length === 'number' && isSequence ? length === 0 : ownKeys(value).length === 0;
    },

    isEqual: (one, other) => equal(one, other, null),
    isArray: (value) => isList(value),
    isObject: (value) => isObject(value),
    isArguments: (value) => isArguments(value),
    isFunction: (value) => typeof value === 'function',
    isElement: (value) => !!value && value.nodeType === 1,
    isString: tags('String'),
    isNumber: tags('Number'),
    isDate: tags('Date'),
    isRegExp: tags('RegExp'),
    isError: tags('Error'),
    isSymbol: tags('Symbol'),
    isMap: tags('Map'),
    isWeakMap: tags('WeakMap'),
    isSet: tags('Set'),
    isWeakSet: tags('WeakSet'),
    isArrayBuffer: tags('ArrayBuffer'),
    isDataView: tags('DataView'),
    isTypedArray: tags(
      'BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array', 'Int16Array', 'Int32Array', 'Int8Array',
      'Uint16Array', 'Uint32Array', 'Uint8Array', 'Uint8ClampedArray',
    ),
    isBoolean: (value) => value === true || value === false || tagOf(value) === '[object Boolean]',
    isFinite: (value) => typeof value !== 'symbol' && isFiniteNumber(value) && isNumeric(value),
    isNaN: (value) => objects.isNumber(value) && +value !== +value,
    isNull: (value) => value === null,
    isUndefined: (value) => value === undefined,
  };

  const isFiniteNumber = (value) => +value - +value === 0;

  /** '' and null are 0 as numbers, but no numbers. */
  function isNumeric(value) {
    const number = parseNumber(value);
    return number === number;
  }

  const setPrototypeOfNew = (prototype) => {
    const object = {};
    setPrototypeOf(object, prototype);
    return object;
  };

  // Equality

  /** Pairs being compared already, innermost first: a cycle is equal where the other side has the same cycle. */
  const pairAround = (pair, one) => {
    for (let around = pair; around !== null; around = around.around) {
      if (around.one === one) return around;
    }
    return null;
  };

  function equal(one, other, around) {
    if (one === other) return one !== 0 || is(one, other);
    if (isNothing(one) || isNothing(other)) return false;
    if (one !== one) return other !== other;
    if (!isObject(one) && typeof other !== 'object') return false;
    return deepEqual(unwrappedValue(one), unwrappedValue(other), around);
  }

  const unwrappedValue = (value) => (value instanceof _ ? value._wrapped : value);

  function deepEqual(one, other, around) {
    const tag = tagOf(one);
    if (tag !== tagOf(other)) return false;
    switch (tag) {
      case '[object RegExp]':
      case '[object String]':
        return `${one}` === `${other}`;
      case '[object Number]':
        return +one === 0 ? is(+one, +other) : sameValue(+one, +other);
      case '[object Date]':
      case '[object Boolean]':
        return +one === +other;
      case '[object Symbol]':
        return symbolValue(one) === symbolValue(other);
      default:
        return equalObjects(one, other, tag, around);
    }
  }

  function equalObjects(one, other, tag, around) {
    const lists = tag === '[object Array]';
    if (!lists) {
      if (typeof one !== 'object' || typeof other !== 'object') return false;
      if (!sameKind(one, other)) return false;
    }
    const known = pairAround(around, one);
    if (known !== null) return known.other === other;
    const pair = {one, other, around};
    if (lists) return equalLists(one, other, pair);
    if (tag === '[object Map]') return equalMaps(one, other, pair);
    if (tag === '[object Set]') return equalSets(one, other, pair);
    return equalMembers(one, other, pair);
  }

  /** Objects of different constructors differ, unless the constructors are Object's of different realms. */
  function sameKind(one, other) {
    const first = one.constructor;
    const second = other.constructor;
    const isBase = (maker) => typeof maker === 'function' && maker instanceof maker;
    return first === second || (isBase(first) && isBase(second)) || !('constructor' in one && 'constructor' in other);
  }

  function equalLists(one, other, pair) {
    if (one.length !== other.length) return false;
    for (let index = 0; index < one.length; index++) {
      if (!equal(one[index], other[index], pair)) return false;
    }
    return true;
  }

  function equalMembers(one, other, pair) {
    const names = ownKeys(one);
    if (ownKeys(other).length !== names.length) return false;
    for (let index = 0; index < names.length; index++) {
      if (!own(other, names[index]) || !equal(one[names[index]], other[names[index]], pair)) return false;
    }
    return true;
  }

  function equalMaps(one, other, pair) {
    if (mapSize(one) !== mapSize(other)) return false;
    let same = true;
    mapForEach(one, (value, key) => {
      same = same && mapHas(other, key) && equal(value, mapGet(other, key), pair);
    });
    return same;
  }

  function equalSets(one, other, pair) {
    if (setSize(one) !== setSize(other)) return false;
    let same = true;
    setForEach(one, (value) => {
      same = same && (setHas(other, value) || (isObject(value) && hasEqual(other, value, pair)));
    });
    return same;
  }

  function hasEqual(set, wanted, pair) {
    let found = false;
    setForEach(set, (value) => {
      found = found || equal(wanted, value, pair);
    });
    return found;
  }

  // Utility

  const ENTITIES = {
    __proto__: null, '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#x27;', '`': '&#x60;',
  };
  const CHARACTERS = {__proto__: null};
  walk(keysOf(ENTITIES), (char) => {
    CHARACTERS[ENTITIES[char]] = char;
  });

  /** Replaces what a global expression finds, by a table. */
  function replaced(value, pattern, table) {
    const text = isNothing(value) ? '' : '' + value;
    pattern.lastIndex = 0;
    let out = '';
    let end = 0;
    for (let found = match(pattern, text); found !== null; found = match(pattern, text)) {
      out += textSlice(text, end, found.index) + table[found[0]];
      end = found.index + found[0].length;
    }
    return out + textSlice(text, end);
  }

  let counted = 0;      // by uniqueId
  let remembered = 0;

  /** Numbers of uniqueId start anew with every run; what a script counted while it was loaded stays. */
  lockgate.rememberCounter = () => {
    remembered = counted;
  };
  lockgate.resetCounter = () => {
    counted = remembered;
  };

  const utilities = {
    noConflict() {
      globalThis._ = undefined;
      return _;
    },

    identity: (value) => value,
    constant: (value) => () => value,
    noop() {},

    times(count, iteratee, context) {
      const callback = inContext(iteratee, context);
      const result = [];
      for (let index = 0; index < count; index++) result[index] = callback(index);
      return result;
    },

    random(minimum, maximum) {
      const one = isNothing(maximum);
      const low = one ? 0 : minimum;
      const high = one ? minimum : maximum;
      return low + floor(globalThis.Math.random() * (high - low + 1));
    },

    mixin(members) {
      walk(objects.functions(members), (name) => {
        const method = members[name];
        put(_, name, method);
        put(_.prototype, name, chained(method));
      });
      return _;
    },

    iteratee: (value, context) => baseIteratee(value, context),

    uniqueId(prefix) {
      counted++;
      return prefix ? `${prefix}${counted}` : `${counted}`;
    },

    escape: (text) => replaced(text, /[&<>"'`]/g, ENTITIES),
    unescape: (text) => replaced(text, /&(?:amp|lt|gt|quot|#x27|#x60);/g, CHARACTERS),

    result(object, path, fallback) {
      const names = pathOf(path);
      const valueOf = (value, holder) => (typeof value === 'function' ? apply(value, holder, []) : value);
      if (names.length === 0) return valueOf(fallback, object);
      let holder = object;
      for (let index = 0; index < names.length; index++) {
        const value = isNothing(holder) ? undefined : holder[names[index]];
        if (value === undefined) return valueOf(fallback, holder);
        holder = valueOf(value, holder);
      }
      return holder;
    },

    now: () => now(),
    template: (text, settings, oldSettings) => compiled('' + text, settings || oldSettings),

    chain(value) {
      const instance = _(value);
      instance._chain = true;
      return instance;
    },
  };

  // Templates

  const NEVER = '(.)^';
  const IN_LITERAL = /['\\\r\n\u2028\u2029]/g;
  const LITERAL = {
    __proto__: null, "'": "\\'", '\\': '\\\\', '\r': '\\r', '\n': '\\n', '\u2028': '\\u2028', '\u2029': '\\u2029',
  };
  const NAME = /^\s*(?:\w|\$)+\s*$/;

  const sourceOf = (pattern) => (pattern || {source: NEVER}).source;

  /** The statement that a tag stands for: [escape, interpolate, evaluate] hold what is between its marks. */
  function statement(escape, interpolate, evaluate) {
    if (escape) return `__p+=((__t=(${escape}))==null?'':_.escape(__t));\n`;
    if (interpolate) return `__p+=((__t=(${interpolate}))==null?'':__t);\n`;
    return evaluate ? `${evaluate}\n` : '';
  }

  /** The body of a template's function: text is appended, tags are statements between. */
  function body(text, {escape, interpolate, evaluate}) {
    const tag = new RegExp(`${sourceOf(escape)}|${sourceOf(interpolate)}|${sourceOf(evaluate)}|$`, 'g');
    let out = '';
    let end = 0;
    for (let found = match(tag, text); found !== null; found = match(tag, text)) {
      out += `__p+='${replaced(textSlice(text, end, found.index), IN_LITERAL, LITERAL)}';\n`;
      out += statement(found[1], found[2], found[3]);
      end = found.index + found[0].length;
      if (found.index >= text.length) break;
      if (found[0] === '') tag.lastIndex++;
    }
    return out;
  }

  function compiled(text, given) {
    const settings = objects.defaults({}, given, _.templateSettings);
    const {variable} = settings;
    if (variable && match(NAME, `${variable}`) === null) {
      throw new Error(`variable is not a bare identifier: ${variable}`);
    }
    const statements = body(text, settings);
    const source = "var __t,__p='',print=function(){for(var i=0;i<arguments.length;i++)"
      + "__p+=(arguments[i]==null?'':arguments[i]);};\n"
      + (variable ? statements : `with(obj||{}){\n${statements}}\n`) + 'return __p;\n';
    let render;
    try {
      render = new Function(variable || 'obj', '_', source);
    } catch (error) {
      error.source = source;
      throw error;
    }
    function template(data) {
      return apply(render, this, [data, _]);
    }
    template.source = `function(${variable || 'obj'}){\n${source}}`;
    return template;
  }

  // Everything in its place

  const ALIASES = {
    each: ['forEach'], map: ['collect'], reduce: ['foldl', 'inject'], reduceRight: ['foldr'], find: ['detect'],
    filter: ['select'], every: ['all'], some: ['any'], contains: ['includes', 'include'], first: ['head', 'take'],
    rest: ['tail', 'drop'], uniq: ['unique'], unzip: ['transpose'], functions: ['methods'], extendOwn: ['assign'],
    matcher: ['matches'],
  };

  const library = {...collections, ...arrays, ...functions, ...objects, ...utilities};
  walk(keysOf(ALIASES), (name) => {
    walk(ALIASES[name], (alias) => {
      library[alias] = library[name];
    });
  });

  /** What a method of a wrapped value gives back: wrapped again inside a chain. */
  const chainResult = (instance, value) => (instance._chain ? _(value).chain() : value);

  /** A function of the library as a method of wrapped values. */
  const chained = (method) => ({
    method(...values) {
      return chainResult(this, apply(method, _, both([this._wrapped], values)));
    },
  }).method;

  _.VERSION = VERSION;
  _._ = _;
  _.templateSettings = {
    evaluate: /<%([\s\S]+?)%>/g,
    interpolate: /<%=([\s\S]+?)%>/g,
    escape: /<%-([\s\S]+?)%>/g,
  };
  library.partial.placeholder = _;

  /** Functions that only accessors lead to. */
  lockgate.behindAccessors = [];

  /**
   * Functions for others to inherit, and to replace: assignment gives the object its own, as if these were its own
   * before. So `_` starts nearly empty, and what a script adds to it is seen at a glance (state.js).
   */
  function shelf(prototype, methods) {
    const holder = setPrototypeOfNew(prototype);
    walk(keysOf(methods), (name) => {
      const original = methods[name];
      lockgate.behindAccessors.push(original);
      defineProperty(holder, name, {
        __proto__: null,
        enumerable: true,
        get: () => original,
        set(value) {
          if (!isObject(this)) return;
          defineProperty(this, name, {__proto__: null, value, writable: true, enumerable: true, configurable: true});
        },
      });
    });
    return freeze(holder);
  }

  const methods = {};
  walk(keysOf(library), (name) => {
    methods[name] = chained(library[name]);
  });

  const CHANGING = ['pop', 'push', 'reverse', 'shift', 'sort', 'splice', 'unshift'];
  const READING = ['concat', 'join', 'slice'];

  walk(CHANGING, (name) => {
    const method = Array.prototype[name];
    methods[name] = ({
      method(...values) {
        const list = this._wrapped;
        if (!isNothing(list)) {
          apply(method, list, values);
          if ((name === 'shift' || name === 'splice') && list.length === 0) delete list[0];
        }
        return chainResult(this, list);
      },
    }).method;
  });

  walk(READING, (name) => {
    const method = Array.prototype[name];
    methods[name] = ({
      method(...values) {
        const list = this._wrapped;
        return chainResult(this, isNothing(list) ? list : apply(method, list, values));
      },
    }).method;
  });

  const access = {
    value() {
      return this._wrapped;
    },
    toString() {
      return String(this._wrapped);
    },
  };
  methods.value = access.value;
  methods.valueOf = access.value;
  methods.toJSON = access.value;
  methods.toString = access.toString;

  setPrototypeOf(_, shelf(Function.prototype, library));
  setPrototypeOf(_.prototype, shelf(Object.prototype, methods));

  lockgate.globals._ = _;
}
