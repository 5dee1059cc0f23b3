/**
 * What would do harm as markup, as an attribute, as a place of our own texts, or as a reference from one of those to
 * another. As long as the name of a key may be.
 */
export const HOSTILE = '<img src=x onerror=alert(1)>"\'{{count}}$t(ui.copy)'
