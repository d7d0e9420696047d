/**
 * Gossip brings what it has begun to bring within this time: it misses a message that it was told of after 150 ms, and asks a second
 * neighbour for it 500 ms later. Only then is anybody asked, or told, over the ledger's channel.
 */
export const GOSSIP_MS = 1_000
