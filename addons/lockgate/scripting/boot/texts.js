(lockgate) => {
  'use strict';

  // What the language leaves to its engine, or left to it when the scripts of the reference were written, and what they
  // can tell of it: how dates look, which text stands before which, and comparisons that answer true or false.

  const {apply, listSort, match, ownKeys} = lockgate.primordials;
  const {getDate, getDay, getFullYear, getHours, getMinutes, getMonth, getSeconds, getTime, getTimezoneOffset,
    toLocaleDateString, toLocaleString, toLocaleTimeString} = Date.prototype;
  const {localeCompare} = String.prototype;

  const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const NO_DATE = 'Invalid Date';
  const SURROGATE = /[\ud800-\udfff]/;

  function padded(number, width = 2) {
    let digits = `${number}`;
    while (digits.length < width) digits = '0' + digits;
    return digits;
  }

  function year(date) {
    const full = apply(getFullYear, date, []);
    return full < 0 ? '-' + padded(-full, 4) : padded(full, 4);
  }

  const clock = (date) => {
    const minutes = `${padded(apply(getHours, date, []))}:${padded(apply(getMinutes, date, []))}`;
    return `${minutes}:${padded(apply(getSeconds, date, []))}`;
  };

  const day = (date) => {
    const named = `${DAYS[apply(getDay, date, [])]}, ${padded(apply(getDate, date, []))}`;
    return `${named} ${MONTHS[apply(getMonth, date, [])]} ${year(date)}`;
  };

  const digits = (date) =>
    `${year(date)}-${padded(apply(getMonth, date, []) + 1)}-${padded(apply(getDate, date, []))}`;

  /** The zone; one that is not at Greenwich by its distance from there. */
  function zone(date) {
    const minutes = -apply(getTimezoneOffset, date, []);
    if (minutes === 0) return 'UTC';
    const far = minutes < 0 ? -minutes : minutes;
    return (minutes < 0 ? '-' : '+') + padded((far - far % 60) / 60) + padded(far % 60);
  }

  /** A text of a date, if it is one. */
  function shown(date, write) {
    const time = apply(getTime, date, []);
    return time - time === 0 ? write(date) : NO_DATE;
  }

  const whole = (date) => `${day(date)} ${clock(date)} ${zone(date)}`;

  /** Texts for a place: whoever names one gets what is usual there. */
  function local(given, write, date, list) {
    return list.length > 0 && list[0] !== undefined ? apply(given, date, list) : shown(date, write);
  }

  const dates = {
    toString() {
      return shown(this, whole);
    },

    toDateString() {
      return shown(this, day);
    },

    toTimeString() {
      return shown(this, (date) => `${clock(date)} ${zone(date)}`);
    },

    toLocaleString(...list) {
      return local(toLocaleString, (date) => `${digits(date)} ${clock(date)}`, this, list);
    },

    toLocaleDateString(...list) {
      return local(toLocaleDateString, digits, this, list);
    },

    toLocaleTimeString(...list) {
      return local(toLocaleTimeString, clock, this, list);
    },
  };

  /** Before, equal or behind: in the order of the bytes of UTF-8, which is that of the units, surrogates apart. */
  function compared(one, other) {
    if (one === other) return 0;
    const isPlain = match(SURROGATE, one) === null && match(SURROGATE, other) === null;
    return isPlain ? (one < other ? -1 : 1) : lockgate.byBytes(one, other);
  }

  const texts = {
    localeCompare(other, ...list) {
      if (this === undefined || this === null || (list.length > 0 && list[0] !== undefined)) {
        return apply(localeCompare, this, [other, ...list]);
      }
      return compared(`${this}`, `${other}`);
    },
  };

  const lists = {
    /** A comparison may say whether one stands behind the other, which old engines sort by. */
    sort(compare) {
      if (typeof compare !== 'function') return listSort(this, compare);
      return listSort(this, (one, other) => {
        const order = compare(one, other);
        if (typeof order !== 'boolean') return order;
        if (order) return 1;
        return compare(other, one) === true ? -1 : 0;
      });
    },
  };

  function replace(prototype, methods) {
    const names = ownKeys(methods);
    for (let index = 0; index < names.length; index++) prototype[names[index]] = methods[names[index]];
  }

  replace(Date.prototype, dates);
  replace(String.prototype, texts);
  replace(Array.prototype, lists);

  /** What `Date()` gives, called without `new`. */
  lockgate.dateText = (date) => shown(date, whole);
}
