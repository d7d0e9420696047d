#!/bin/sh
# Becomes a program inside a network namespace, keeping its descriptors: Playwright talks to Chromium over two of them.
exec ip netns exec "$NETWORK_NAMESPACE" "$NAMESPACED_PROGRAM" "$@"
