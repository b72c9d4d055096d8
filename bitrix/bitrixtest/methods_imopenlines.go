package bitrixtest

// imopenlinesMethods are the methods of the scope imopenlines.
var imopenlinesMethods = map[string]method{}
