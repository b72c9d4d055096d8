package bitrixtest

// basicMethods are the methods of the basic scope.
var basicMethods = map[string]method{}
