(lockgate) => {
  'use strict';

  // The functions and objects that Tyk gives to scripts. Values that go to the host are texts; what is not given is
  // the text `undefined`, as in the reference.

  const {Error, TypeError, getPrototypeOf, match, nativeParse, textSlice} = lockgate.primordials;
  const {decodeBase64, describe, encodeBase64, globals, quote, stringify, text, unwind} = lockgate;
  const BYTES = /[\udc80-\udcff]/;

  // log and console

  globals.log = (value) => {
    lockgate.log('log', text(value));
  };

  globals.rawlog = (value) => {
    lockgate.log('raw', text(value));
  };

  /** One argument of console.*: values as JSON, so that a look inside is worth something. */
  function shown(value) {
    if (typeof value !== 'object' || value === null) return text(value);
    try {
      if (value instanceof Error) return describe(value);
      const json = stringify(value);
      return json === undefined ? text(value) : json;
    } catch (error) {
      unwind(error);
      return text(value);
    }
  }

  function consoleLine(level) {
    return (...values) => {
      let line = '';
      for (let index = 0; index < values.length; index++) line += (index === 0 ? '' : ' ') + shown(values[index]);
      lockgate.log(level, line);
    };
  }

  const ignored = () => {};

  globals.console = {
    log: consoleLine('log'),
    debug: consoleLine('debug'),
    info: consoleLine('info'),
    warn: consoleLine('warn'),
    error: consoleLine('error'),
    dir: consoleLine('log'),
    trace: ignored,
    assert: ignored,
    time: ignored,
    timeEnd: ignored,
  };

  // Calls of the host

  globals.TykMakeHttpRequest = (request) => {
    if (request === undefined) return undefined;
    return lockgate.call('TykMakeHttpRequest', `[${quote(text(request))}]`);
  };

  globals.TykBatchRequest = (requests) => lockgate.call('TykBatchRequest', `[${quote(text(requests))}]`);

  globals.TykGetKeyData = (key, api) => lockgate.call('TykGetKeyData', `[${quote(text(key))},${quote(text(api))}]`);

  globals.TykSetKeyData = (key, session, suppressReset) => {
    lockgate.call('TykSetKeyData', `[${quote(text(key))},${quote(text(session))},${quote(text(suppressReset))}]`);
  };

  /** A call of the store: the host answers `{"value": …}` or `{"error": "…"}`. */
  function stored(name, list) {
    const reply = lockgate.call(name, list);
    if (reply === undefined) throw new Error(`${name}: the store did not answer`);
    const answer = nativeParse(reply);
    if (typeof answer.error === 'string') throw new Error(`${name}: ${answer.error}`);
    return answer.value;
  }

  /** Seconds to live as JSON; not given is 0, which means for ever. */
  function seconds(value) {
    const given = +value;
    return given - given === 0 ? `${given}` : '0';
  }

  // Only the newer driver of the reference has these; the engine shows them to scripts of that driver.
  lockgate.storage = {
    __proto__: null,
    TykStorageGet: (key) => stored('TykStorageGet', `[${quote(text(key))}]`),
    TykStorageSet(key, value, ttl) {
      stored('TykStorageSet', `[${quote(text(key))},${quote(text(value))},${seconds(ttl)}]`);
    },
    TykStorageSetNX: (key, value, ttl) =>
      stored('TykStorageSetNX', `[${quote(text(key))},${quote(text(value))},${seconds(ttl)}]`),
    TykStorageDel(key) {
      stored('TykStorageDel', `[${quote(text(key))}]`);
    },
    TykStorageTTL: (key) => stored('TykStorageTTL', `[${quote(text(key))}]`),
    TykStorageIncr: (key, ttl) => stored('TykStorageIncr', `[${quote(text(key))},${seconds(ttl)}]`),
  };

  // Plugins. Scripts call these with `new`, so they are functions of the old kind.

  /** An answer to a response, with a body that holds bytes which are no UTF-8 said once more, so that they stay. */
  function withBytes(json, response) {
    if (json === undefined || typeof response !== 'object' || response === null) return json;
    const body = response.Body;
    if (typeof body !== 'string' || match(BYTES, body) === null) return json;
    return `${textSlice(json, 0, -1)},"Response":{"Body":${quote(body)}}}`;
  }

  const ofPromises = getPrototypeOf((async () => {})());

  /** Refuses what an async function returns: nobody waits for it. */
  function refusePromise(value, what) {
    if (typeof value === 'object' && value !== null && getPrototypeOf(value) === ofPromises) {
      throw new TypeError(`the ${what} returned a promise: nobody waits for it, so that its function cannot be async`);
    }
  }

  function MiddlewareComponentMeta(configuration) {
    this.configuration = configuration;
  }

  MiddlewareComponentMeta.prototype = {
    constructor: MiddlewareComponentMeta,

    ProcessRequest(request) {
      globals.log('Process Request Not Implemented');
      return request;
    },

    ProcessResponse(response) {
      globals.log('Process Response Not Implemented');
      return response;
    },

    /** What the gateway calls. `request.Body` comes in base64 and goes back so; headers are edited by SetHeaders. */
    DoProcessRequest(request, session, config) {
      request.Body = decodeBase64(request.Body);
      const processed = this.ProcessRequest(request, session, config);
      if (!processed) {
        globals.log("Middleware didn't return request object!");
        return undefined;
      }
      refusePromise(processed, 'plugin');
      processed.Request.Headers = {};
      processed.Request.Body = encodeBase64(processed.Request.Body);
      return stringify(processed);
    },

    DoProcessResponse(response, request, session, config) {
      const processed = this.ProcessResponse(response, request, session, config);
      if (!processed) {
        globals.log("Middleware didn't return response object!");
        return undefined;
      }
      refusePromise(processed, 'plugin');
      return withBytes(stringify(processed), processed.Response);
    },
  };

  function NewMiddleware(configuration) {
    this.configuration = configuration;
  }

  NewMiddleware.prototype = {
    __proto__: MiddlewareComponentMeta.prototype,
    constructor: NewMiddleware,

    NewProcessRequest(callback) {
      this.ProcessRequest = callback;
    },

    NewProcessResponse(callback) {
      this.ProcessResponse = callback;
    },

    ReturnData: (request, session) => ({Request: request, SessionMeta: session}),
    ReturnAuthData: (request, session) => ({Request: request, Session: session}),
    ReturnResponseData: (response, session) => ({Response: response, SessionMeta: session}),
  };

  function EventHandlerComponentMeta() {}

  EventHandlerComponentMeta.prototype = {
    constructor: EventHandlerComponentMeta,

    Handle() {
      globals.log('Event Handler Not Implemented');
    },

    DoProcessEvent(event, context) {
      refusePromise(this.Handle(event, context), 'handler');
    },
  };

  function NewEventHandler() {}

  NewEventHandler.prototype = {
    __proto__: EventHandlerComponentMeta.prototype,
    constructor: NewEventHandler,

    NewHandler(callback) {
      this.Handle = callback;
    },
  };

  globals.TykJS = {
    TykMiddleware: {MiddlewareComponentMeta, NewMiddleware},
    TykEventHandlers: {EventHandlerComponentMeta, NewEventHandler},
  };

  globals.TykJsResponse = (response, session) => stringify({Response: response, SessionMeta: session});
}
