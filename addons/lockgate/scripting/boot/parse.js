(lockgate) => {
  'use strict';

  // JSON.parse as otto has it: what is wrong with a text is said in Go's words, since scripts answer with them, and
  // bytes that are no UTF-8 and halves of characters, written as they are or as escapes, become U+FFFD.

  const {SyntaxError, charCode, fromCharCode, match, nativeParse, textSlice, wellFormed} = lockgate.primordials;

  const HALF = /\\u[dD][89a-fA-F]/;    // the fast question
  const ESCAPE = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|[^])/g;
  const SPACES = /[ \t\r\n]*/y;
  const DIGITS = /[0-9]+/y;
  const PLAIN = /[^"\\\u0000-\u001f]*/y;
  const ESCAPED = /["\\/bfnrt]/y;
  const HEX_DIGIT = /[0-9a-fA-F]/y;
  const LITERALS = {__proto__: null, t: 'true', f: 'false', n: 'null'};
  const SHOWN = {
    __proto__: null, "'": "\\'", '\\': '\\\\', '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r',
    '\t': '\\t', '\v': '\\v',
  };
  const HEX = '0123456789abcdef';

  /** A text in which no half of a character is left. */
  function whole(given) {
    const formed = wellFormed(given);
    if (match(HALF, formed) === null) return formed;
    let out = '';
    let end = 0;
    ESCAPE.lastIndex = 0;
    for (let found = match(ESCAPE, formed); found !== null; found = match(ESCAPE, formed)) {
      if (found[1] === undefined) continue;
      out += textSlice(formed, end, found.index) + '\\ufffd';
      end = ESCAPE.lastIndex;
    }
    return out + textSlice(formed, end);
  }

  // What is wrong with a text: a way through it as Go's decoder goes, to the first thing that should not be there.

  let text = '';
  let place = 0;
  let around = null;    // the object or list that the place is in, and those around it
  let fault = '';

  const at = () => textSlice(text, place, place + 1);

  /** Goes over what a pattern matches here; false where that is nothing. */
  function passes(pattern) {
    pattern.lastIndex = place;
    if (match(pattern, text) === null) return false;
    place = pattern.lastIndex;
    return true;
  }

  function passesOne(char) {
    if (at() !== char) return false;
    place += 1;
    return true;
  }

  /** A character as Go quotes it: of one beyond ASCII, the first byte of its UTF-8. */
  function quoted(char) {
    const known = SHOWN[char];
    if (known !== undefined) return `'${known}'`;
    const code = charCode(char, 0);
    if (code < 0x20 || code === 0x7f) return `'\\x${HEX[code >> 4]}${HEX[code & 15]}'`;
    if (code < 0x80) return `'${char}'`;
    if (code >= 0xd800 && code <= 0xdbff) return `'${fromCharCode(0xf0 | ((code - 0xd800 + 0x40) >> 8))}'`;
    return `'${fromCharCode(code < 0x800 ? 0xc0 | (code >> 6) : 0xe0 | (code >> 12))}'`;
  }

  /** Where nothing is expected to follow `where`. The way ends here. */
  function wrong(where) {
    fault = place < text.length ? `invalid character ${quoted(at())} ${where}` : 'unexpected end of JSON input';
    return null;
  }

  function value() {
    passes(SPACES);
    if (passesOne('{')) return entered(true);
    if (passesOne('[')) return entered(false);
    if (passesOne('"')) return string() ? behind : null;
    const char = at();
    if (char === '-' || (char >= '0' && char <= '9')) return number() ? behind : null;
    const literal = LITERALS[char];
    if (literal === undefined) return wrong('looking for beginning of value');
    for (let index = 0; index < literal.length; index++) {
      if (!passesOne(literal[index])) return wrong(`in literal ${literal} (expecting '${literal[index]}')`);
    }
    return behind;
  }

  function entered(isObject) {
    around = {isObject, outer: around};
    passes(SPACES);
    if (passesOne(isObject ? '}' : ']')) return left();
    return isObject ? name : value;
  }

  function left() {
    around = around.outer;
    return behind;
  }

  function name() {
    passes(SPACES);
    if (!passesOne('"')) return wrong('looking for beginning of object key string');
    if (!string()) return null;
    passes(SPACES);
    return passesOne(':') ? value : wrong('after object key');
  }

  function behind() {
    passes(SPACES);
    if (around === null) return place < text.length ? wrong('after top-level value') : null;
    const {isObject} = around;
    if (passesOne(',')) return isObject ? name : value;
    if (passesOne(isObject ? '}' : ']')) return left();
    return wrong(isObject ? 'after object key:value pair' : 'after array element');
  }

  function string() {
    while (passes(PLAIN)) {
      if (passesOne('"')) return true;
      if (!passesOne('\\')) break;
      if (!escape()) return false;
    }
    wrong('in string literal');
    return false;
  }

  function escape() {
    if (passes(ESCAPED)) return true;
    if (!passesOne('u')) {
      wrong('in string escape code');
      return false;
    }
    for (let digit = 0; digit < 4; digit++) {
      if (!passes(HEX_DIGIT)) {
        wrong('in \\u hexadecimal character escape');
        return false;
      }
    }
    return true;
  }

  function number() {
    passesOne('-');
    if (!passesOne('0') && !digits('in numeric literal')) return false;
    if (passesOne('.') && !digits('after decimal point in numeric literal')) return false;
    if (!passesOne('e') && !passesOne('E')) return true;
    if (!passesOne('+')) passesOne('-');
    return digits('in exponent of numeric literal');
  }

  function digits(where) {
    if (passes(DIGITS)) return true;
    wrong(where);
    return false;
  }

  /** What is wrong with a text; nothing, if Go would take it. */
  function faultOf(given) {
    text = given + ' ';    // which is what Go's decoder is given at the end
    place = 0;
    around = null;
    fault = '';
    for (let next = value; next !== null;) next = next();
    text = '';
    around = null;
    return fault;
  }

  const json = {
    parse(given, reviver) {
      const formed = whole(`${given}`);
      let parsed;
      try {
        parsed = nativeParse(formed);
      } catch (error) {
        const message = error instanceof SyntaxError ? faultOf(formed) : '';
        throw message === '' ? error : new SyntaxError(message);
      }
      return typeof reviver === 'function' ? nativeParse(formed, reviver) : parsed;
    },
  };

  JSON.parse = json.parse;
}
