#!/bin/sh
# 16,000 H100s or 8,000 B200s for Llama 3.1 405B: which is cheaper, by how much, and how sure is that?
set -eu

llmcost compare llama-3.1-405b --tokens 15T --setup h100-sxm:16000 --setup b200:8000 \
  -o h100_vs_b200.json --plot h100_vs_b200.svg
llmcost report h100_vs_b200.json --title "16,000 H100s or 8,000 B200s" -o h100_vs_b200.html

# The same question at every size of the cluster.
llmcost compare llama-3.1-405b --tokens 15T --gpu h100-sxm,b200 --gpus 2048,4096,8192,16384 \
  -o growth.json --plot growth.svg --picture growth
llmcost report growth.json
