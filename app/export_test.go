package app

import "time"

// SetNow makes a clock of now.
func (a *App) SetNow(now func() time.Time) { a.now = now }
