// A Go program without cgo: what it is told of its terminal, by system calls of its own; then lines until the end of file.
package main

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

func main() {
	var size [4]uint16
	_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	status, _ := os.Stdin.Stat()
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	fmt.Println("size", size[0], size[1], failed == 0, "device", status.Mode()&os.ModeCharDevice != 0, "tty", err == nil)
	fmt.Fprintln(tty, "through /dev/tty")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println("got " + lines.Text())
	}
	fmt.Println("end")
}
