// Package demo is a small world around a running hub, all on this machine: receivers that check what they get, sample
// events of real tools, and a workspace that connects the two over the hub's public API.
//
// The samples were written for this project in the shapes that the tools' documentation gives; every address is one of
// those reserved for documentation.
package demo
