// Several requests of the upstream at the same time.

var MOST = 10;

function items(request, session, config) {
  var ids = (request.Params.ids || [""])[0].split(",");
  if (ids.length > MOST) {
    return TykJsResponse({Code: 400, Body: "no more than " + MOST + " ids"}, session.meta_data);
  }
  var urls = ids.map(function (id) {
    return config.config_data.upstream + "/anything/items/" + encodeURIComponent(id);
  });
  var replies = TykBatchRequest(JSON.stringify({
    requests: urls.map(function (url) {
      return {method: "GET", headers: {}, body: "", relative_url: url};
    }),
    suppress_parallel_execution: false
  }));
  // They come in the order in which they were answered.
  var byUrl = {};
  JSON.parse(replies).forEach(function (reply) {
    byUrl[reply.relative_url] = reply;
  });
  var found = urls.map(function (url, index) {
    var reply = byUrl[url];
    return {id: ids[index], code: reply.code, url: reply.code === 200 ? JSON.parse(reply.body).url : null};
  });
  return TykJsResponse({
    Code: 200,
    Headers: {"Content-Type": "application/json"},
    Body: JSON.stringify(found)
  }, session.meta_data);
}
