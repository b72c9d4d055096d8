package bitrixtest

// placementMethods are the methods of the scope placement.
var placementMethods = map[string]method{}
