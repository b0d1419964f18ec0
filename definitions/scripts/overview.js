// Two answers of the upstream as one.

function get(config, path) {
  var reply = TykMakeHttpRequest(JSON.stringify({
    Method: "GET",
    Domain: config.config_data.upstream,
    Resource: path,
    Headers: {Accept: "application/json"}
  }));
  if (reply === undefined) {
    return null; // nobody answered; the log says why
  }
  var answer = JSON.parse(reply);
  return answer.Code === 200 ? JSON.parse(answer.Body) : null;
}

function overview(request, session, config) {
  var slides = get(config, "/json");
  var number = get(config, "/uuid");
  if (!slides || !number) {
    return TykJsResponse({
      Code: 502,
      Headers: {"Content-Type": "application/json"},
      Body: JSON.stringify({error: "a part of the overview is not to be had"})
    }, session.meta_data);
  }
  return TykJsResponse({
    Code: 200,
    Headers: {"Content-Type": "application/json"},
    Body: JSON.stringify({
      title: slides.slideshow.title,
      slides: slides.slideshow.slides.length,
      number: number.uuid
    })
  }, session.meta_data);
}
