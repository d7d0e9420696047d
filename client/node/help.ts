/** What `--help` of each sub-command says below its options. */

const ENVIRONMENT = `Environment:
  EDGE_NET_NAME                   as --name
  EDGE_NET_ICE_TRANSPORT_POLICY   all, or relay as --relay-only
  EDGE_NET_STUN_SERVERS           STUN URLs, separated by commas, instead of the room's
  EDGE_NET_TURN_URL, EDGE_NET_TURN_USERNAME, EDGE_NET_TURN_CREDENTIAL
                                  a TURN server of your own, instead of the room's
  NO_COLOR                        no colour`

export const JOIN_HELP = `
What you type is sent to everybody, a line a message; it waits while nobody is there.
Ctrl-C leaves: the room and the peers are told. SIGUSR2 has every peer's path explained, with what would help.

Examples:
  edge-net join https://edge.example/n/mainnet
  edge-net join https://edge.example/n/mainnet --name build-server --direct off
  echo "done" | edge-net join https://edge.example/n/mainnet --for 10
  edge-net join https://edge.example/n/mainnet --json | jq -c 'select(.event == "message") | .text'

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  phase, joined, state, announced, peer, peer-state, peer-left, path, rtt, quality, explain, total, message, sent,
  error, left, failed

Exit codes:
  0    left in good order
  1    failed
  2    wrong arguments or environment
  3    refused by the room
  4    the room cannot be reached
  130  interrupted before it had joined`

export const PING_HELP = `
It has the SDK measure the path that messages take now; the applications at both ends hear nothing of it.
Ctrl-C ends it, with a summary.

Examples:
  edge-net ping https://edge.example/n/mainnet
  edge-net ping https://edge.example/n/mainnet Ada --count 10 --interval 0.2
  edge-net ping https://edge.example/n/mainnet --json | jq 'select(.event == "reply") | .rttMs'

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  joined, peer, reply, no-reply, path, peer-state, peer-left, summary, failed

Exit codes:
  0    every peer that was pinged has answered at least once
  1    somebody never answered, or nobody was there
  2    wrong arguments or environment
  3    refused by the room
  4    the room cannot be reached
  130  interrupted before it had joined`

export const DOCTOR_HELP = `
It looks at HTTP, the WebSocket, the relay (two sessions of its own send a message through the room and back), STUN
(does UDP get out, and what does a NAT make of it), TURN over UDP, TCP and TLS, WebRTC on this machine, and a direct
path to somebody in the room. The sessions have an identity that is made for the visit and thrown away.

Examples:
  edge-net doctor https://edge.example/n/mainnet
  edge-net doctor https://edge.example/n/mainnet --json | jq 'select(.event == "finding" and .verdict != "ok")'

Environment:
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
