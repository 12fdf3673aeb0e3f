// A client of git servers made of go-git: the reader that code search engines written in Go share.
//
//	gogit clone URL DEPTH   clones into memory (0: everything), prints HEAD and the number of files
//	gogit list URL          prints the references that are offered
package main

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 3 && arguments[0] == "clone":
		depth, err := strconv.Atoi(arguments[2])
		if err != nil {
			return err
		}
		return clone(arguments[1], depth)
	case len(arguments) == 2 && arguments[0] == "list":
		return list(arguments[1])
	}
	return errors.New("usage: gogit clone URL DEPTH | gogit list URL")
}

func clone(url string, depth int) error {
	repository, err := git.Clone(memory.NewStorage(), nil, &git.CloneOptions{URL: url, Depth: depth})
	if err != nil {
		return err
	}
	head, err := repository.Head()
	if err != nil {
		return err
	}
	commit, err := repository.CommitObject(head.Hash())
	if err != nil {
		return err
	}
	files, err := commit.Files()
	if err != nil {
		return err
	}
	count := 0
	// Reading each one shows that its bytes have arrived, and not its name only.
	err = files.ForEach(func(file *object.File) error {
		count++
		_, err := file.Contents()
		return err
	})
	if err != nil {
		return err
	}
	fmt.Println(head.Hash(), head.Name(), count)
	return nil
}

func list(url string) error {
	remote := git.NewRemote(memory.NewStorage(), &config.RemoteConfig{Name: "origin", URLs: []string{url}})
	references, err := remote.List(&git.ListOptions{})
	if err != nil {
		return err
	}
	lines := make([]string, len(references))
	for index, reference := range references {
		// A reference that stands for another one has a name as its target.
		lines[index] = fmt.Sprint(reference.Name(), " ", reference.Target(), reference.Hash())
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
	return nil
}
