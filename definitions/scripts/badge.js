// An authentication plugin: it says who calls, and what they may do.

var badge = new TykJS.TykMiddleware.NewMiddleware({});

badge.NewProcessRequest(function(request, session, config) {
  var number = (request.Headers["X-Badge"] || [""])[0];
  var holder = config.config_data.badges[number];
  if (!holder) {
    request.ReturnOverrides.ResponseCode = number ? 403 : 401;
    request.ReturnOverrides.ResponseError = number ? "nobody has this badge" : "a badge is asked for";
    request.ReturnOverrides.ResponseHeaders = {"WWW-Authenticate": "Badge"};
    return badge.ReturnAuthData(request, {});
  }
  var known = {alias: holder.name, rate: holder.perMinute, per: 60, quota_max: -1, meta_data: {name: holder.name}};
  var answer = badge.ReturnAuthData(request, known);
  answer.AuthValue = "badge-" + number;
  return answer;
});
