/**
 * What few calls used (usage/details.ts), and prices in the place of the bundled ones (prices/stored-catalogue.ts). The settling function has two parameters more; the former one stays for nodes
 * that still run.
 */
export const usageDetails = `
alter table usage add column details text collate "C";
create table price_catalogue (
  id bigint primary key check (id = 1),
  providers text collate "C" not null,
  updated_at_ms bigint not null
);
`
