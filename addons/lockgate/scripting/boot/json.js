(lockgate) => {
  'use strict';

  // JSON.stringify as otto has it: members in the order of their names' bytes, at every level, and < > & as \u003c …,
  // as Go writes JSON. Both show in headers and texts that scripts make, and the order decides which of two spellings
  // of a member counts. Errors have their message, and those that are no more than an Error its name.

  const {Error, TypeError, apply, booleanValue, charCode, codePoint, floor, fromCharCode, getPrototypeOf, hasOwn,
    isList, keysOf, largest, listSort, match, nativeQuote, smallest, tagOf, textSlice} = lockgate.primordials;
  const ofErrors = Error.prototype;

  const SUSPECT = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/;    // the fast question
  // With the flag u, the last range means surrogates without their other half only.
  const ESCAPED = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/gu;
  const SURROGATE = /[\ud800-\udfff]/;
  const SHORT = {
    __proto__: null, '"': '\\"', '\\': '\\\\', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t',
  };
  const HEX = '0123456789abcdef';
  const LONGEST_GAP = 10;

  function hex(code) {
    return HEX[code >> 12] + HEX[(code >> 8) & 15] + HEX[(code >> 4) & 15] + HEX[code & 15];
  }

  /** A surrogate on its own is a byte that is no UTF-8, or half a character: neither can be in JSON. */
  function escaped(char) {
    const short = SHORT[char];
    if (short !== undefined) return short;
    const code = charCode(char, 0);
    return code >= 0xd800 && code <= 0xdfff ? '\\ufffd' : '\\u' + hex(code);
  }

  /** A text as a JSON string. */
  function quote(text) {
    if (match(SUSPECT, text) === null) return '"' + text + '"';
    let out = '"';
    let end = 0;
    ESCAPED.lastIndex = 0;
    for (let found = match(ESCAPED, text); found !== null; found = match(ESCAPED, text)) {
      out += textSlice(text, end, found.index) + escaped(found[0]);
      end = found.index + 1;
    }
    return out + textSlice(text, end) + '"';
  }

  function utf8OfPair(code) {
    return fromCharCode(
      0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63),
    );
  }

  /** The UTF-8 bytes of a text, one character each; U+DC80–U+DCFF on its own is the byte that it stands for. */
  function utf8(text) {
    let out = '';
    for (let index = 0; index < text.length; index++) {
      const code = codePoint(text, index);
      if (code > 0xffff) index++;
      if (code < 0x80) out += fromCharCode(code);
      else if (code < 0x800) out += fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 63));
      else if (code >= 0xdc80 && code <= 0xdcff) out += fromCharCode(code & 0xff);
      else if (code < 0x10000) out += fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      else out += utf8OfPair(code);
    }
    return out;
  }

  function byBytes(one, other) {
    const left = utf8(one);
    const right = utf8(other);
    return left < right ? -1 : left > right ? 1 : 0;
  }

  const FEW = 16;

  /** Sorts names in place by UTF-16 units. Objects mostly have few members, for which this is the fastest way. */
  function sortedByUnits(names) {
    if (names.length > FEW) return listSort(names);
    for (let index = 1; index < names.length; index++) {
      const name = names[index];
      let place = index;
      for (; place > 0 && names[place - 1] > name; place--) names[place] = names[place - 1];
      names[place] = name;
    }
    return names;
  }

  /** Sorts names in place by their UTF-8 bytes: the order of UTF-16 units is the same, surrogates apart. */
  function sorted(names) {
    for (let index = 0; names.length > 1 && index < names.length; index++) {
      if (match(SURROGATE, names[index]) !== null) return listSort(names, byBytes);
    }
    return sortedByUnits(names);
  }

  /** Numbers, texts and booleans made with `new` count as what they hold. */
  function unwrapped(value, tag) {
    switch (tag) {
      case '[object Number]': return +value;
      case '[object String]': return `${value}`;
      case '[object Boolean]': return booleanOf(value);
      default: return value;
    }
  }

  /** Any object may call itself Boolean (Symbol.toStringTag). */
  function booleanOf(value) {
    try {
      return booleanValue(value);
    } catch {
      return value;
    }
  }

  /** Names of members that a list of them allows; undefined where the replacer is no list. */
  function allowedNames(replacer) {
    if (!isList(replacer)) return undefined;
    const names = {__proto__: null};
    for (let index = 0; index < replacer.length; index++) {
      let name = replacer[index];
      if (typeof name === 'object' && name !== null) name = unwrapped(name, tagOf(name));
      if (typeof name === 'string' || typeof name === 'number') names[name] = true;
    }
    return sorted(keysOf(names));
  }

  /** Names of an object's members. V8 hides those of an error, which otto shows. */
  function namesOf(object, tag) {
    const names = keysOf(object);
    if (tag !== '[object Error]') return names;
    const known = {__proto__: null};
    if (hasOwn(object, 'message')) known.message = true;
    if (getPrototypeOf(object) === ofErrors) known.name = true;
    for (let index = 0; index < names.length; index++) known[names[index]] = true;
    return keysOf(known);
  }

  function gapOf(space) {
    const given = typeof space === 'object' && space !== null ? unwrapped(space, tagOf(space)) : space;
    if (typeof given === 'string') return textSlice(given, 0, LONGEST_GAP);
    if (typeof given !== 'number') return '';
    return textSlice('          ', 0, largest(0, smallest(LONGEST_GAP, floor(given) || 0)));
  }

  class Writer {
    #replace;
    #allowed;
    #gap;
    #indent = '\n';
    #parent = null;       // the object being written, and those around it

    constructor(replacer, space) {
      this.#replace = typeof replacer === 'function' ? replacer : undefined;
      this.#allowed = this.#replace === undefined ? allowedNames(replacer) : undefined;
      this.#gap = gapOf(space);
    }

    /** The JSON of holder[name]; undefined where there is none. */
    write(holder, name) {
      let value = holder[name];
      if ((typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'bigint') {
        const convert = value.toJSON;
        if (typeof convert === 'function') value = apply(convert, value, [`${name}`]);
      }
      if (this.#replace !== undefined) value = apply(this.#replace, holder, [`${name}`, value]);
      switch (typeof value) {
        case 'string': return quote(value);
        case 'number': return value - value === 0 ? `${value}` : 'null';
        case 'boolean': return value ? 'true' : 'false';
        case 'object': return value === null ? 'null' : this.#writeObject(value);
        case 'bigint': throw new TypeError('Do not know how to serialize a BigInt');
        default: return undefined;
      }
    }

    #writeObject(object) {
      const list = isList(object);
      const tag = list ? '' : tagOf(object);
      if (!list) {
        const value = unwrapped(object, tag);
        if (typeof value === 'string') return quote(value);
        if (typeof value === 'number') return value - value === 0 ? `${value}` : 'null';
        if (typeof value === 'boolean') return value ? 'true' : 'false';
      }
      for (let around = this.#parent; around !== null; around = around.parent) {
        if (around.object === object) throw new TypeError('Converting circular structure to JSON');
      }
      this.#parent = {object, parent: this.#parent};
      const outer = this.#indent;
      this.#indent = outer + this.#gap;
      const inside = list ? this.#items(object) : this.#members(object, tag);
      const text = inside === '' || this.#gap === '' ? inside : this.#indent + inside + outer;
      this.#indent = outer;
      this.#parent = this.#parent.parent;
      return list ? '[' + text + ']' : '{' + text + '}';
    }

    #items(list) {
      const separator = this.#gap === '' ? ',' : ',' + this.#indent;
      let out = '';
      const length = list.length;
      for (let index = 0; index < length; index++) {
        const text = this.write(list, index);
        out += (index === 0 ? '' : separator) + (text === undefined ? 'null' : text);
      }
      return out;
    }

    #members(object, tag) {
      const separator = this.#gap === '' ? ',' : ',' + this.#indent;
      const colon = this.#gap === '' ? ':' : ': ';
      const names = this.#allowed === undefined ? namesOf(object, tag) : this.#allowed;
      // A function is asked in the order of the object, which it can tell.
      const texts = this.#replace === undefined ? null : this.#texts(object, names);
      const order = this.#allowed === undefined ? sorted(names) : names;
      let out = '';
      for (let index = 0; index < order.length; index++) {
        const text = texts === null ? this.write(object, order[index]) : texts[order[index]];
        if (text !== undefined) out += (out === '' ? '' : separator) + quote(order[index]) + colon + text;
      }
      return out;
    }

    #texts(object, names) {
      const texts = {__proto__: null};
      for (let index = 0; index < names.length; index++) texts[names[index]] = this.write(object, names[index]);
      return texts;
    }
  }

  const json = {
    stringify(value, replacer, space) {
      return new Writer(replacer, space).write({'': value}, '');
    },
  };

  lockgate.stringify = json.stringify;
  lockgate.byBytes = byBytes;

  /** A text as JSON for the host: a byte that is no UTF-8 stays the surrogate that stands for it. */
  lockgate.quote = (text) => nativeQuote(`${text}`);

  JSON.stringify = json.stringify;
  delete JSON.rawJSON;
  delete JSON.isRawJSON;
}
