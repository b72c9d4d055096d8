package bitrixtest

// crmMethods are the methods of the scope crm.
var crmMethods = map[string]method{}
