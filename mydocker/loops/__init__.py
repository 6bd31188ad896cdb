"""Look, decide (`domain`), act (`ports`), record (`store`): what makes true what is wanted."""
