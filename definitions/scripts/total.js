// A post plugin: it sees the request as it is about to go upstream.

var total = new TykJS.TykMiddleware.NewMiddleware({});

total.NewProcessRequest(function(request, session, config) {
  var order;
  try {
    order = JSON.parse(request.Body);
  } catch (error) {
    request.ReturnOverrides.ResponseCode = 422;
    request.ReturnOverrides.ResponseError = "expected an order as JSON";
    return total.ReturnData(request, {});
  }
  order.total = _.reduce(order.lines || [], function(sum, line) {
    return sum + line.price * line.quantity;
  }, 0);
  request.Body = JSON.stringify(order);
  return total.ReturnData(request, {});
});
