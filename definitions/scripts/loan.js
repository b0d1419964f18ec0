// An answer that is worked out here.

function loan(request, session, config) {
  var asked;
  try {
    asked = JSON.parse(request.Body);
  } catch (error) {
    asked = {};
  }
  if (!(asked.amount > 0) || !(asked.years > 0)) {
    return TykJsResponse({
      Code: 422,
      Headers: {"Content-Type": "application/json"},
      Body: JSON.stringify({error: "expected an amount and years, both above 0"})
    }, session.meta_data);
  }
  var months = Math.round(asked.years * 12);
  var rate = config.config_data.yearlyPercent / 1200;
  var monthly = asked.amount * rate / (1 - Math.pow(1 + rate, -months));
  return TykJsResponse({
    Code: 200,
    Headers: {"Content-Type": "application/json"},
    Body: JSON.stringify({
      monthly: monthly.toFixed(2),
      payments: months,
      total: (monthly * months).toFixed(2)
    })
  }, session.meta_data);
}
