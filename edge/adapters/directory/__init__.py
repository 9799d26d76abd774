"""The directory as the edge sees it: routes, bundle, look-ups. Imported by `bootstrap` alone."""
