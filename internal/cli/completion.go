package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCmd prints a shell's completion.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the long help.
func (*completionCmd) Help() string {
	return `Completes commands, flags and values of which there is a fixed set. It does not speak to a hub.

Examples:

    # bash, for this shell and, in ~/.bashrc, for all
    source <(tocsin completion bash)

    # zsh, in a folder of $fpath
    tocsin completion zsh > ~/.zfunc/_tocsin

    # fish
    tocsin completion fish > ~/.config/fish/completions/tocsin.fish`
}

// Run prints it.
func (c *completionCmd) Run(p *Process) error {
	nodes := completions(newParser().Model.Node, nil)
	switch c.Shell {
	case "bash":
		p.say("%s", bashCompletion(nodes))
	case "zsh":
		p.say("%s", zshCompletion(nodes))
	default:
		p.say("%s", fishCompletion(nodes))
	}
	return nil
}

// completed is a command with what can follow it.
type completed struct {
	path     string // its words, with a space between them; "" is tocsin itself
	children []word
	flags    []completedFlag
	args     bool     // it takes arguments, which may be files
	words    []string // what its first argument can be, where that is fixed
}

type word struct{ text, help string }

type completedFlag struct {
	word
	short  string
	value  bool
	values []string
}

// completions lists the commands below a node, each with what can follow it.
func completions(n *kong.Node, path []string) []completed {
	here := completed{path: strings.Join(path, " "), args: len(n.Positional) > 0}
	if here.args {
		here.words = valuesOf(n.Positional[0])
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			if f.Hidden {
				continue
			}
			c := completedFlag{word: word{f.Name, firstSentence(f.Help)}, value: !f.IsBool()}
			if f.Short != 0 {
				c.short = string(f.Short)
			}
			c.values = valuesOf(f.Value)
			here.flags = append(here.flags, c)
		}
	}
	var list []completed
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		here.children = append(here.children, word{child.Name, firstSentence(child.Help)})
		list = append(list, completions(child, append(slices.Clone(path), child.Name))...)
	}
	return append([]completed{here}, list...)
}

// firstSentence is the beginning of a help, without what shells take for more than text.
func firstSentence(help string) string {
	for i := range len(help) - 1 {
		if help[i] == '.' && help[i+1] == ' ' {
			help = help[:i]
			break
		}
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("'\"`$\\[]:", r) {
			return -1
		}
		return r
	}, strings.TrimSuffix(help, "."))
}

func texts(words []word) string {
	var list []string
	for _, w := range words {
		list = append(list, w.text)
	}
	return strings.Join(list, " ")
}

func flagTexts(flags []completedFlag) string {
	var list []string
	for _, f := range flags {
		list = append(list, "--"+f.text)
	}
	return strings.Join(list, " ")
}

// bashCompletion walks the words of the line to the command that they name, and completes what can follow it.
func bashCompletion(nodes []completed) string {
	var b strings.Builder
	b.WriteString(`# bash completion for tocsin
_tocsin() {
	local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" path="" children flags words values word i
	_tocsin_node ""
	for ((i = 1; i < COMP_CWORD; i++)); do
		word="${COMP_WORDS[i]}"
		case " $children " in
		*" $word "*) path="${path:+$path }$word"; _tocsin_node "$path" ;;
		esac
	done
	values=""
	_tocsin_values "$path" "$prev"
	if [[ -n $values ]]; then
		COMPREPLY=($(compgen -W "$values" -- "$cur"))
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$flags" -- "$cur"))
	elif [[ -n $children$words ]]; then
		COMPREPLY=($(compgen -W "$children $words" -- "$cur"))
	else
		COMPREPLY=($(compgen -f -- "$cur"))
	fi
}
_tocsin_node() {
	case "$1" in
`)
	for _, n := range nodes {
		fmt.Fprintf(&b, "\t\"%s\") children=\"%s\"; flags=\"%s\"; words=\"%s\" ;;\n", n.path, texts(n.children), flagTexts(n.flags), strings.Join(n.words, " "))
	}
	b.WriteString("\tesac\n}\n_tocsin_values() {\n\tcase \"$1 $2\" in\n")
	for _, n := range nodes {
		for _, f := range n.flags {
			if len(f.values) == 0 || len(n.children) > 0 {
				continue
			}
			pattern := fmt.Sprintf("%q", n.path+" --"+f.text)
			if f.short != "" {
				pattern += fmt.Sprintf("|%q", n.path+" -"+f.short)
			}
			fmt.Fprintf(&b, "\t%s) values=\"%s\" ;;\n", pattern, strings.Join(f.values, " "))
		}
	}
	b.WriteString("\tesac\n}\ncomplete -o filenames -F _tocsin tocsin\n")
	return b.String()
}

// zshCompletion is the same for zsh, with the helps.
func zshCompletion(nodes []completed) string {
	var b strings.Builder
	b.WriteString(`#compdef tocsin
# zsh completion for tocsin
_tocsin() {
	local path="" word i
	local -a children flags values names args
	_tocsin_node ""
	for ((i = 2; i < CURRENT; i++)); do
		word="${words[i]}"
		names=("${children[@]%%:*}")
		if (( ${names[(Ie)$word]} )); then path="${path:+$path }$word"; _tocsin_node "$path"; fi
	done
	values=()
	_tocsin_values "$path" "${words[CURRENT-1]}"
	if (( ${#values} )); then
		compadd -a values
	elif [[ ${words[CURRENT]} == -* ]]; then
		_describe -o 'flag' flags
	elif (( ${#children} )); then
		_describe 'command' children
	elif (( ${#args} )); then
		compadd -a args
	else
		_files
	fi
}
_tocsin_node() {
	case "$1" in
`)
	for _, n := range nodes {
		fmt.Fprintf(&b, "\t\"%s\")\n\t\tchildren=(", n.path)
		for _, c := range n.children {
			fmt.Fprintf(&b, " '%s:%s'", c.text, c.help)
		}
		b.WriteString(" )\n\t\tflags=(")
		for _, f := range n.flags {
			fmt.Fprintf(&b, " '--%s:%s'", f.text, f.help)
		}
		fmt.Fprintf(&b, " )\n\t\targs=(%s) ;;\n", strings.Join(n.words, " "))
	}
	b.WriteString("\tesac\n}\n_tocsin_values() {\n\tcase \"$1 $2\" in\n")
	for _, n := range nodes {
		for _, f := range n.flags {
			if len(f.values) > 0 && len(n.children) == 0 {
				fmt.Fprintf(&b, "\t\"%s --%s\") values=(%s) ;;\n", n.path, f.text, strings.Join(f.values, " "))
			}
		}
	}
	b.WriteString("\tesac\n}\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then _tocsin \"$@\"; else compdef _tocsin tocsin; fi\n")
	return b.String()
}

// fishCompletion is one line for each word.
func fishCompletion(nodes []completed) string {
	var b strings.Builder
	b.WriteString(`# fish completion for tocsin
function __tocsin_at
	set -l want (string split -n ' ' -- $argv[1])
	set -l have
	for word in (commandline -opc)[2..-1]
		string match -q -- '-*' $word; or set -a have $word
	end
	test (count $want) -le (count $have); or return 1
	for i in (seq (count $want))
		test "$want[$i]" = "$have[$i]"; or return 1
	end
	test "$argv[2]" != exact; or test (count $want) -eq (count $have)
end
complete -c tocsin -f
`)
	for _, n := range nodes {
		for _, c := range n.children {
			fmt.Fprintf(&b, "complete -c tocsin -n '__tocsin_at \"%s\" exact' -a '%s' -d '%s'\n", n.path, c.text, c.help)
		}
		if len(n.children) > 0 {
			continue
		}
		switch {
		case len(n.words) > 0:
			fmt.Fprintf(&b, "complete -c tocsin -n '__tocsin_at \"%s\"' -a '%s'\n", n.path, strings.Join(n.words, " "))
		case n.args:
			fmt.Fprintf(&b, "complete -c tocsin -n '__tocsin_at \"%s\"' -F\n", n.path)
		}
		for _, f := range n.flags {
			fmt.Fprintf(&b, "complete -c tocsin -n '__tocsin_at \"%s\"' -l '%s'", n.path, f.text)
			if f.short != "" {
				fmt.Fprintf(&b, " -s '%s'", f.short)
			}
			switch {
			case len(f.values) > 0:
				fmt.Fprintf(&b, " -x -a '%s'", strings.Join(f.values, " "))
			case f.value:
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d '%s'\n", f.help)
		}
	}
	return b.String()
}
