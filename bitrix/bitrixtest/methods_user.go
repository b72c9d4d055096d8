package bitrixtest

// userMethods are the methods of the scopes user and department.
var userMethods = map[string]method{}
