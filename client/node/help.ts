/** What `--help` of each sub-command says below its options. */

const OF_PATHS = `  EDGE_NET_ICE_TRANSPORT_POLICY   all, or relay as --relay-only
  EDGE_NET_STUN_SERVERS           STUN URLs, separated by commas, instead of the room's
  EDGE_NET_TURN_URL, EDGE_NET_TURN_USERNAME, EDGE_NET_TURN_CREDENTIAL
                                  a TURN server of your own, instead of the room's
  NO_COLOR                        no colour`
const OF_DATA = `  EDGE_NET_DATA                   as --data`
const OF_IDENTITY = `  EDGE_NET_IDENTITY               as --identity`
const PING_ENVIRONMENT = `Environment:
  EDGE_NET_NAME                   as --name
${OF_DATA}
${OF_IDENTITY}
${OF_PATHS}`
const KEEPING_ENVIRONMENT = `Environment:
  EDGE_NET_NAME                   as --name
  EDGE_NET_INVITE                 as --invite
  EDGE_NET_GUN                    as --gun, separated by commas
${OF_DATA}
${OF_IDENTITY}
${OF_PATHS}`
const LEDGER_ENVIRONMENT = `Environment:
${OF_DATA}
  NO_COLOR                        no colour`
const SYNCING_ENVIRONMENT = `Environment:
  EDGE_NET_NAME                   how others see you while --sync is in the room
${OF_DATA}
${OF_IDENTITY}
${OF_PATHS}`

export const JOIN_HELP = `
What you type is sent to everybody, a line a message; it waits while nobody is there.
Ctrl-C leaves: the room and the peers are told. SIGUSR2 has every peer's path explained, with what would help.

Your identity and the network's ledger are kept in the data folder, so that what you contribute adds up. --contribute
computes in a thread of its own and records every finished piece; the ledger has it before it is told.

A founded network (net-…) that is private or a consortium has members. What makes you one is kept in the data folder, so that
an invite is needed once; EDGE_NET_INVITE keeps it out of the list of processes. Who has none can --ask, and waits until those
who decide have agreed; --for says how long. It tells your siteId: let them know it by another way. Whoever is removed is
told, and leaves.

While the room cannot be reached, members go on over each other: those with direct paths carry for the others. Gun relays, up to 8,
let members find each other who have nobody left, and newcomers come in who use the same ones: npm install gun. It is told
which of these ways work, and SIGUSR2 says which one leads to whom.

Examples:
  edge-net join https://edge.example/n/mainnet
  edge-net join https://edge.example/n/mainnet --gun https://relay.example/gun --gun https://other.example/gun
  edge-net join "https://edge.example/n/net-…#invite=…"
  edge-net join https://edge.example/n/net-… --ask "Ada, from the lab" --name Ada
  edge-net join https://edge.example/n/mainnet --name build-server --direct off
  edge-net join https://edge.example/n/mainnet --contribute --share 20
  echo "done" | edge-net join https://edge.example/n/mainnet --for 10 --ephemeral
  edge-net join https://edge.example/n/mainnet --json | jq -c 'select(.event == "message") | .text'

${KEEPING_ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  membership, waiting, removed, phase, joined, state, carrier-up, carrier-down, announced, peer, peer-state, peer-left, path, rtt,
  quality, explain, total, message, broadcast, sent, ledger, entry, confirmed, contributed, sync, fork, error, left, failed

Exit codes:
  0    left in good order
  1    failed
  2    wrong arguments or environment
  3    refused by the room, or removed from the network
  4    the room cannot be reached
  5    not a member of the network: it takes an invite, or approvals
  130  interrupted before it had joined`

export const PING_HELP = `
It has the SDK measure the path that messages take now; the applications at both ends hear nothing of it.
Ctrl-C ends it, with a summary.

Examples:
  edge-net ping https://edge.example/n/mainnet
  edge-net ping https://edge.example/n/mainnet Ada --count 10 --interval 0.2
  edge-net ping https://edge.example/n/mainnet --json | jq 'select(.event == "reply") | .rttMs'

${PING_ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  joined, peer, reply, no-reply, path, peer-state, peer-left, summary, failed

Exit codes:
  0    every peer that was pinged has answered at least once
  1    somebody never answered, or nobody was there
  2    wrong arguments or environment
  3    refused by the room
  4    the room cannot be reached
  5    not a member of the network
  130  interrupted before it had joined`

export const DOCTOR_HELP = `
It looks at HTTP, the WebSocket, the relay (two sessions of its own send a message through the room and back), STUN
(does UDP get out, and what does a NAT make of it), TURN over UDP, TCP and TLS, WebRTC on this machine, and a direct
path to somebody in the room, and at Gun relays if the host or EDGE_NET_GUN names some. The sessions have an identity that is made for the visit and thrown away; in a network that has
members they have yours, and whether you are one is looked at first.

Examples:
  edge-net doctor https://edge.example/n/mainnet
  edge-net doctor https://edge.example/n/mainnet --json | jq 'select(.event == "finding" and .verdict != "ok")'

Environment:
${OF_DATA}
${OF_IDENTITY}
  EDGE_NET_GUN                    Gun relays, separated by commas, instead of the host's
  EDGE_NET_STUN_SERVERS           STUN URLs, separated by commas, instead of the room's
  EDGE_NET_TURN_URL, EDGE_NET_TURN_USERNAME, EDGE_NET_TURN_CREDENTIAL
                                  a TURN server of your own, instead of the room's
  NO_COLOR                        no colour

JSON events, each with "event" and "sinceMs":
  checking, finding, conclusion, failed

Exit codes:
  0    all is well
  1    nothing works: no way into the room, or no message through it
  2    wrong arguments or environment
  3    it works, with limits: the findings say which
  130  interrupted`

export const BENCH_HELP = `
Two sessions of its own, in this process, meet in the room, where nobody else sees them: how long joining takes, until the
first message, until a direct path; round trips and throughput on both. Beside each stands a control from the same run:
what the host or this machine does without Edge-Net. A direct path between them stays on this machine, so its numbers are
those of the software; edge-net ping measures the way to somebody else.

Some 20 joins and 1 MiB go through the room, for which its host pays; 16 MiB go over the direct path.

Examples:
  edge-net bench https://edge.example/n/mainnet
  edge-net bench https://edge.example/n/mainnet --json | jq 'select(.event == "measured") | [.what, .figures.p50]'

Environment:
${OF_DATA}
${OF_IDENTITY}
  EDGE_NET_STUN_SERVERS           STUN URLs, separated by commas, instead of the room's
  EDGE_NET_TURN_URL, EDGE_NET_TURN_USERNAME, EDGE_NET_TURN_CREDENTIAL
                                  a TURN server of your own, instead of the room's
  NO_COLOR                        no colour

JSON events, each with "event" and "sinceMs":
  began, measuring, measured, skipped, done, failed

Exit codes:
  0    measured; what could not be is told as skipped
  1    failed
  2    wrong arguments or environment
  3    refused by the room
  4    the room cannot be reached
  5    not a member of the network
  130  interrupted`

export const LEDGER_HELP = `
Each has its own help, as: edge-net ledger show --help

Examples:
  edge-net ledger show https://edge.example/n/mainnet
  edge-net ledger verify https://edge.example/n/mainnet
  edge-net ledger export https://edge.example/n/mainnet --output mainnet.jsonl
  edge-net ledger import https://edge.example/n/mainnet mainnet.jsonl`

const LEDGER_EXITS = `Exit codes:
  0    done, and all is well
  1    there is no such ledger here, it has faults, or something was not taken or not written
  2    wrong arguments or environment
  3    refused by the room (--sync)
  4    the room cannot be reached (--sync)
  5    not a member of the network (--sync)
  130  interrupted`

export const SHOW_HELP = `
It reads what is kept in the data folder, also while a join keeps it up to date, and asks nobody. With --sync it joins the
room first, and shows the ledger when all who are there have the same, or when the time is over.

A time is a date (2026-11-22), a date with a time (2026-11-22T10:30), or an age (90s, 15min, 2h, 7d). All times are UTC.
Entries come in the order in which they became part of this ledger, the newest last.

Examples:
  edge-net ledger show https://edge.example/n/mainnet
  edge-net ledger show https://edge.example/n/mainnet --sync 30 --last 100
  edge-net ledger show https://edge.example/n/mainnet --contributor Yq3xK9 --from 2026-11-22 --until 2026-11-23
  edge-net ledger show https://edge.example/n/mainnet --confirmed --from 2h --last 1000
  edge-net ledger show https://edge.example/n/mainnet --json |
    jq -r 'select(.event == "contributor") | [.credits, .contributor] | @tsv'

${SYNCING_ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  synced, fault, ledger, contributor, fork, entry, matched, failed

${LEDGER_EXITS}`

export const VERIFY_HELP = `
It reads everything that is kept in the data folder and checks it anew: that it is whole, the layout and the id of each
entry, every signature, and that entries stand behind those that they build on. Each fault is told.

Examples:
  edge-net ledger verify https://edge.example/n/mainnet
  edge-net ledger verify https://edge.example/n/mainnet --json | jq 'select(.event == "fault")'

${LEDGER_ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  fault, verified, failed

${LEDGER_EXITS}`

export const EXPORT_HELP = `
It writes every entry as one line of JSON, those that an entry builds on before it. An --output file is there whole or not
at all, and what stood there before stays until then. Without one the lines go to the standard output.

Examples:
  edge-net ledger export https://edge.example/n/mainnet --output mainnet.jsonl
  edge-net ledger export https://edge.example/n/mainnet --sync 60 | gzip > mainnet.jsonl.gz
  edge-net ledger export https://edge.example/n/mainnet | jq -r .taskId | sort | uniq -c

${SYNCING_ENVIRONMENT}

JSON events, each with "event" and "sinceMs", with --output only:
  synced, fault, exported, failed

${LEDGER_EXITS}`

export const IMPORT_HELP = `
It takes the lines that an export has made, here or elsewhere, from a file or from the standard input. Every entry is
verified; lines that are none are told with their numbers. Others get the entries at the next join.

Examples:
  edge-net ledger import https://edge.example/n/mainnet mainnet.jsonl
  gunzip < mainnet.jsonl.gz | edge-net ledger import https://edge.example/n/mainnet
  edge-net ledger import https://edge.example/n/mainnet mainnet.jsonl --json | jq 'select(.event == "rejected") | .line'

${LEDGER_ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  fault, rejected, imported, failed

${LEDGER_EXITS}`

export const SERVE_HELP = `
It runs the same Worker that is deployed to Cloudflare, under Miniflare, with its page and the SDK, and keeps what its
Durable Objects store in a folder. One process holds all rooms. Where Miniflare is missing it says which one to install.

Browsers on other machines take part only over https:, so put a reverse proxy with a certificate before it. The proxy
must pass WebSockets and keep the Host header, and say who the client is and what it spoke: X-Forwarded-For and
X-Forwarded-Proto are believed when they come from this machine or from --proxy. In a Caddyfile all of it is:

  edge.example.org {
    reverse_proxy 127.0.0.1:8787
  }

The service's log goes to stderr, a line of JSON an event. Ctrl-C stops it; clients reconnect when it is back.

Examples:
  edge-net serve
  edge-net serve --port 9000 --data /var/lib/edge-net --stun stun:stun.example.org:3478
  edge-net serve --host 0.0.0.0 --proxy 172.16.0.0/12
  EDGE_NET_TURN_URLS=turn:turn.example.org:3478 EDGE_NET_TURN_SECRET=… edge-net serve

Environment:
  EDGE_NET_PORT                   as --port
  EDGE_NET_DATA                   the data folder, as --data
  EDGE_NET_STUN_URLS              as --stun
  EDGE_NET_TURN_URLS              TURN URLs of a coturn server, separated by commas
  EDGE_NET_TURN_SECRET            its static-auth-secret
  EDGE_NET_CLOUDFLARE_TURN_KEY_ID, EDGE_NET_CLOUDFLARE_TURN_KEY_TOKEN
                                  a key of Cloudflare Realtime TURN, instead
  EDGE_NET_ORIGINS                origins whose pages may join, separated by commas; any if it is left out
  EDGE_NET_GUN_RELAYS             Gun relays over which open pages go on without this service, separated by commas
  EDGE_NET_METRICS_TOKEN          GET /metrics then wants it as a bearer token

JSON events, each with "event" and "sinceMs":
  listening, stopped, failed

Exit codes:
  0    stopped in good order
  1    Miniflare is missing, the port or the folder is taken, or it failed otherwise
  2    wrong arguments or environment
  130  interrupted a second time, before it had stopped`
