// A pre plugin: it runs before anything else looks at the request.

var tenant = new TykJS.TykMiddleware.NewMiddleware({});

tenant.NewProcessRequest(function(request, session, config) {
  var name = (request.Headers["X-Tenant"] || [""])[0];
  var plan = config.config_data.plans[name];
  if (!plan) {
    request.ReturnOverrides.ResponseCode = 400;
    request.ReturnOverrides.ResponseError = "X-Tenant has to name a tenant";
    return tenant.ReturnData(request, {});
  }
  log("tenant " + name + " has the plan " + plan);
  request.SetHeaders["X-Plan"] = plan;
  request.DeleteHeaders.push("X-Tenant");
  request.AddParams["tenant"] = name;
  return tenant.ReturnData(request, {});
});
