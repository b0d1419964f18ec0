(lockgate) => {
  'use strict';

  // Texts of scripts are what the reference calls strings: bytes, mostly UTF-8. A byte that is no part of UTF-8 is the
  // lone surrogate U+DC80–U+DCFF here, so that b64enc(b64dec(x)) gives x back. On the way, bytes are texts with one
  // character each.

  const {apply, charCode, fromCharCode, match, textSlice} = lockgate.primordials;

  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const LINE_BREAK = /[\r\n]/;
  const LINE_BREAKS = /[^\r\n]+/g;
  const FOREIGN = /[^A-Za-z0-9+/]/;
  const NOT_ASCII = /[^\u0000-\u007f]/;
  const PAD = 61;

  const CODES = [];       // of the 64 digits
  const VALUES = [];      // of the digits, by code
  for (let code = 0; code < 128; code++) VALUES[code] = 0;
  for (let value = 0; value < 64; value++) {
    CODES[value] = charCode(ALPHABET, value);
    VALUES[CODES[value]] = value;
  }

  // A text in the making, of which there is one at a time: no code of a script runs meanwhile. The buffer is full from
  // the start, so that no setter on Array.prototype is asked.

  const ROOM = 8192;
  const FEW = 200;
  const buffer = [];
  for (let index = 0; index < ROOM; index++) buffer[index] = 0;
  let used = 0;
  let made = '';

  function begin() {
    used = 0;
    made = '';
  }

  function add(code) {
    if (used === ROOM) {
      made += apply(fromCharCode, undefined, buffer);
      used = 0;
    }
    buffer[used++] = code;
  }

  function finished() {
    // The whole buffer at once is fast, but not for a few characters.
    if (used > FEW) return made + textSlice(apply(fromCharCode, undefined, buffer), 0, used);
    let rest = '';
    for (let index = 0; index < used; index++) rest += fromCharCode(buffer[index]);
    return made + rest;
  }

  // Texts and their bytes

  function addThree(code) {
    add(0xe0 | (code >> 12));
    add(0x80 | ((code >> 6) & 63));
    add(0x80 | (code & 63));
  }

  /** The bytes of a surrogate: of a pair, of one that stands for a byte, or of U+FFFD. Says how many units it took. */
  function addSurrogate(code, next) {
    if (code < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
      const point = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
      add(0xf0 | (point >> 18));
      add(0x80 | ((point >> 12) & 63));
      add(0x80 | ((point >> 6) & 63));
      add(0x80 | (point & 63));
      return 2;
    }
    if (code >= 0xdc80 && code <= 0xdcff) add(code & 0xff);
    else addThree(0xfffd);
    return 1;
  }

  function bytesOf(text) {
    if (match(NOT_ASCII, text) === null) return text;
    begin();
    const length = text.length;
    for (let index = 0; index < length;) {
      const code = charCode(text, index);
      if (code >= 0xd800 && code <= 0xdfff) {
        index += addSurrogate(code, index + 1 < length ? charCode(text, index + 1) : 0);
        continue;
      }
      index++;
      if (code < 0x80) {
        add(code);
      } else if (code < 0x800) {
        add(0xc0 | (code >> 6));
        add(0x80 | (code & 63));
      } else {
        addThree(code);
      }
    }
    return finished();
  }

  /** Whether the byte at `index` goes on with a character. */
  const isNext = (bytes, index) => index < bytes.length && (charCode(bytes, index) & 0xc0) === 0x80;

  /**
   * How many bytes the character at `index` has, as Go reads UTF-8: 0 if it is none. No overlong forms, no surrogates,
   * nothing above U+10FFFF: the second byte tells.
   */
  function sizeAt(bytes, index) {
    const first = charCode(bytes, index);
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4 || !isNext(bytes, index + 1)) return 0;
    if (first < 0xe0) return 2;
    const second = charCode(bytes, index + 1);
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high || !isNext(bytes, index + 2)) return 0;
    if (first < 0xf0) return 3;
    return isNext(bytes, index + 3) ? 4 : 0;
  }

  function addCharacter(bytes, index, size) {
    const first = charCode(bytes, index);
    const low = (place) => charCode(bytes, index + place) & 63;
    if (size === 0) {
      add(0xdc00 | first);
    } else if (size === 1) {
      add(first);
    } else if (size === 2) {
      add(((first & 31) << 6) | low(1));
    } else if (size === 3) {
      add(((first & 15) << 12) | (low(1) << 6) | low(2));
    } else {
      const above = (((first & 7) << 18) | (low(1) << 12) | (low(2) << 6) | low(3)) - 0x10000;
      add(0xd800 | (above >> 10));
      add(0xdc00 | (above & 0x3ff));
    }
  }

  function textOf(bytes) {
    if (match(NOT_ASCII, bytes) === null) return bytes;
    begin();
    for (let index = 0; index < bytes.length;) {
      const size = sizeAt(bytes, index);
      addCharacter(bytes, index, size);
      index += size || 1;
    }
    return finished();
  }

  // Bytes and their digits

  function encode(text, padded) {
    const bytes = bytesOf(text);
    const rest = bytes.length % 3;
    const whole = bytes.length - rest;
    begin();
    for (let index = 0; index < whole; index += 3) {
      const bits = (charCode(bytes, index) << 16) | (charCode(bytes, index + 1) << 8) | charCode(bytes, index + 2);
      add(CODES[bits >> 18]);
      add(CODES[(bits >> 12) & 63]);
      add(CODES[(bits >> 6) & 63]);
      add(CODES[bits & 63]);
    }
    if (rest > 0) {
      const bits = (charCode(bytes, whole) << 16) | (rest > 1 ? charCode(bytes, whole + 1) << 8 : 0);
      add(CODES[bits >> 18]);
      add(CODES[(bits >> 12) & 63]);
      if (rest > 1) add(CODES[(bits >> 6) & 63]);
      for (let missing = rest; padded && missing < 3; missing++) add(PAD);
    }
    return finished();
  }

  /** The text that digits without padding stand for; undefined if they are none. */
  function decodeDigits(digits) {
    if (digits === undefined || digits.length % 4 === 1 || match(FOREIGN, digits) !== null) return undefined;
    const rest = digits.length % 4;
    const whole = digits.length - rest;
    const valueAt = (index) => VALUES[charCode(digits, index)];
    begin();
    for (let index = 0; index < whole; index += 4) {
      const bits = (valueAt(index) << 18) | (valueAt(index + 1) << 12) | (valueAt(index + 2) << 6) | valueAt(index + 3);
      add(bits >> 16);
      add((bits >> 8) & 0xff);
      add(bits & 0xff);
    }
    if (rest > 0) {
      // Bits that are left over do not matter.
      const bits = (valueAt(whole) << 18) | (valueAt(whole + 1) << 12) | (rest > 2 ? valueAt(whole + 2) << 6 : 0);
      add(bits >> 16);
      if (rest > 2) add((bits >> 8) & 0xff);
    }
    return textOf(finished());
  }

  function withoutLineBreaks(text) {
    if (match(LINE_BREAK, text) === null) return text;
    let out = '';
    LINE_BREAKS.lastIndex = 0;
    for (let found = match(LINE_BREAKS, text); found !== null; found = match(LINE_BREAKS, text)) out += found[0];
    return out;
  }

  function endsWithPads(text, count) {
    for (let index = text.length - count; index < text.length; index++) {
      if (index < 0 || charCode(text, index) !== PAD) return false;
    }
    return true;
  }

  /** The digits of a padded text; undefined if the padding is not what their number asks for. */
  function withoutPadding(text) {
    if (text.length % 4 !== 0) return undefined;
    const pads = endsWithPads(text, 2) ? 2 : endsWithPads(text, 1) ? 1 : 0;
    return textSlice(text, 0, text.length - pads);
  }

  /** Padded, or else without any padding. */
  function decode(text) {
    const digits = withoutLineBreaks(text);
    const decoded = decodeDigits(withoutPadding(digits));
    return decoded === undefined ? decodeDigits(digits) : decoded;
  }

  const {globals, text} = lockgate;

  lockgate.encodeBase64 = (value) => encode(text(value), true);
  lockgate.decodeBase64 = (value) => decode(text(value));

  globals.b64enc = (value) => encode(text(value), true);
  globals.b64dec = (value) => decode(text(value));
  globals.rawb64enc = (value) => encode(text(value), false);
  globals.rawb64dec = (value) => decodeDigits(withoutLineBreaks(text(value)));
}
