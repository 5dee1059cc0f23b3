/** Models to try when nobody can serve the asked one, of a group; and which one was asked for, where another one served. */
export const fallbackModels = `
alter table channel_group add column fallback_models text not null default '[]';
alter table usage add column requested_model text not null default '';
`
