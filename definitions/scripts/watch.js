// An event handler: it is told what happened, beside the request that it happened to.

var watch = new TykJS.TykEventHandlers.NewEventHandler({});

watch.NewHandler(function(event, context) {
  log(event.Type + " in API " + context.APIID + ": " + event.Meta.Message + " from " + event.Meta.Origin +
    " on " + event.Meta.Path);
});
