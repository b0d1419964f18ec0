// A SOAP service as a JSON endpoint.

function envelope(number) {
  return '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"' +
    ' xmlns:n="http://lockgate.example/numbers"><soap:Body>' +
    "<n:NumberToWords><n:Number>" + number + "</n:Number></n:NumberToWords>" +
    "</soap:Body></soap:Envelope>";
}

function element(xml, name) {
  var found = new RegExp("<(?:\\w+:)?" + name + "[^>]*>([^<]*)<").exec(xml);
  return found ? _.unescape(found[1]) : null;
}

function answer(code, value, session) {
  return TykJsResponse({
    Code: code,
    Headers: {"Content-Type": "application/json"},
    Body: JSON.stringify(value)
  }, session.meta_data);
}

function words(request, session, config) {
  var number = request.URL.split("?")[0].split("/").pop();
  if (!/^\d{1,9}$/.test(number)) {
    return answer(400, {error: "expected a number"}, session);
  }
  var reply = TykMakeHttpRequest(JSON.stringify({
    Method: "POST",
    Domain: config.config_data.upstream,
    Resource: "/soap/numbers",
    Headers: {"Content-Type": "text/xml; charset=utf-8", SOAPAction: '"http://lockgate.example/numbers/NumberToWords"'},
    Body: envelope(number)
  }));
  if (reply === undefined) {
    return answer(504, {error: "the service does not answer"}, session);
  }
  var xml = JSON.parse(reply).Body;
  var fault = element(xml, "faultstring");
  return fault === null
    ? answer(200, {number: +number, words: element(xml, "Words")}, session)
    : answer(422, {error: fault}, session);
}
