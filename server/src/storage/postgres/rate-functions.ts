import { LOCKS } from './locks.ts'

/** Longer than anybody counts. */
const KEPT = `interval '65 seconds'`
/** So many tellings of a node apart it sweeps. */
const SWEEP_EVERY = 64

/**
 * Tells and hears in one call. Whoever tells has the lock until the commit, so that the order of numbers is the order of
 * commits, and who comes later hears who came before. Like the ledger's functions this one is part of the schema.
 */
export const rateFunctions = `
create or replace function turnpike_exchange_rates(p_node bigint, p_seen bigint, p_turn bigint, p_epoch bigint, p_whole boolean,
  p_entities bigint[], p_requests bigint[], p_tokens bigint[], p_running bigint[])
returns json language plpgsql set lock_timeout = '2s' as $$
begin
  if p_turn is not null then
    perform pg_advisory_xact_lock(${LOCKS.rates});
    if not exists (select 1 from rate_news where node = p_node and turn = p_turn) then
      insert into rate_news (number, node, turn, epoch, whole, at, entities, requests, tokens, running)
      values (nextval('rate_news_number'), p_node, p_turn, p_epoch, p_whole, clock_timestamp(),
        p_entities, p_requests, p_tokens, p_running);
    end if;
    if p_turn % ${SWEEP_EVERY} = 0 then
      delete from rate_news where at < clock_timestamp() - ${KEPT};
    end if;
  end if;
  return (
    select json_build_object(
      'newest', (select max(number) from rate_news),
      'living', (select coalesce(json_agg(epoch), '[]') from node),
      'heard', coalesce(json_agg(json_build_object('node', node, 'epoch', epoch, 'whole', whole,
        'ageMs', round(extract(epoch from clock_timestamp() - at) * 1000), 'entities', entities,
        'requests', requests, 'tokens', tokens, 'running', running) order by number), '[]'))
    from rate_news where number > p_seen and node <> p_node and at > clock_timestamp() - ${KEPT}
  );
end $$;`
