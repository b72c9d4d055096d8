package bitrixtest

// params are the parameters of one call as PHP sees them: strings, numbers,
// booleans, nil, []any and map[string]any, whatever mix of query, form and JSON they
// came in. Nested form keys (FILTER[ID][0]) are already unfolded.
type params map[string]any
