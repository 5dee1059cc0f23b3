/** What a channel's provider speaks, where that differs from its type's own. The same text for both databases. */
export const channelDialects = `
alter table channel add column dialects text not null default '[]';
`
