package bitrixtest

import "maps"

// allMethods is the table of every REST method the portal knows.
func allMethods() map[string]method {
	all := map[string]method{"batch": {run: batch}}
	for _, part := range []map[string]method{
		basicMethods, placementMethods, eventMethods,
		imopenlinesMethods, imMethods, crmMethods, userMethods,
	} {
		maps.Copy(all, part)
	}
	return all
}
