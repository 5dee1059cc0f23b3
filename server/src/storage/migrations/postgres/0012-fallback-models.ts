/**
 * Models to try when nobody can serve the asked one, of a group; and which one was asked for, where another one served.
 * Nodes of the former version call the same settling function, with the texts that they know.
 */
export const fallbackModels = `
alter table channel_group add column fallback_models text collate "C" not null default '[]';
alter table usage add column requested_model text collate "C" not null default '';
`
