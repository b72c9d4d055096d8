package bitrixtest

// eventMethods are event.bind and its relatives.
var eventMethods = map[string]method{}
