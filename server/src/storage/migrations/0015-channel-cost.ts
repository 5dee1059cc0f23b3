/**
 * What a channel's provider speaks, where that differs from its type's own, and what a call there costs the operator, in
 * relation to other channels. The same text for both databases.
 */
export const channelDialectsAndCost = `
alter table channel add column dialects text not null default '[]';
alter table channel add column cost_ratio real not null default 1;
`
