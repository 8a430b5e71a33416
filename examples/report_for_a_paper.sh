#!/bin/sh
# Everything a paper says about the cost of a run: tables, pictures, a methods paragraph, citations.
set -eu

llmcost estimate llama-3.1-70b --tokens 15T --gpu h100-sxm --gpus 4096 --as-of 2026-09-06 -o run.json
llmcost sensitivity llama-3.1-70b --tokens 15T --gpu h100-sxm --gpus 4096 --as-of 2026-09-06 -o moves.json

llmcost report run.json moves.json -o paper.tex       # compiles as it is: pdflatex paper.tex
llmcost report run.json --methods -o methods.tex      # a paragraph with \cite; its entries in methods.bib
llmcost report run.json --picture step -o step.pdf    # one picture, 6.5 inches wide
llmcost report run.json moves.json -o numbers.xlsx    # change the price and see the cost move
