package bitrixtest

// imMethods are the methods of the scope im.
var imMethods = map[string]method{}
