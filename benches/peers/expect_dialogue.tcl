# Tcl expect as benches/src/bin/expect.rs measures it.
# Arguments: mode, work, count, warm-up, prompt, prompt as a regex, line, answer, argv...
# The mode is words: exact or regex; full (full_buffer and exp_continue), max (match_max of 60,000,000).
log_user 0
set timeout 3600
lassign $argv mode work count warm_up prompt prompt_regex line answer
set mode [split $mode -]
set command [lrange $argv 8 end]
set never "never comes"
if {"max" in $mode} { match_max -d 60000000 }

proc cpu {} {
    set ns 0
    foreach file [glob /proc/self/task/*/schedstat] {
        set channel [open $file]
        incr ns [lindex [read $channel] 0]
        close $channel
    }
    return [expr {$ns / 1e9}]
}
proc peak {} {
    regexp {VmHWM:\s+(\d+)} [read [open /proc/self/status]] -> kb
    return $kb
}
proc filled {template n} { string map [list %n $n %m [expr {7 * $n}]] $template }
proc start {} {
    global command spawn_id
    spawn -noecho {*}$command
    prompt
}
# Sets `got` to what came, the prompt at its end.
proc prompt {} {
    global mode prompt prompt_regex got
    upvar #0 spawn_id spawn_id
    if {"regex" in $mode} {
        expect -re $prompt_regex
    } elseif {"full" in $mode} {
        set got {}
        expect {
            -ex $prompt {}
            full_buffer { append got $expect_out(buffer); exp_continue }
        }
        append got $expect_out(buffer)
        return
    } else {
        expect -ex $prompt
    }
    set got $expect_out(buffer)
}
proc right {n} {
    set before [string range $::got 0 end-[string length $::prompt]]
    regsub {\x1b\[\?2004h$} $before {} before
    set last [string trimright $before "\r\n"]
    set wanted [filled $::answer $n]
    set at [expr {[string length $last] - [string length $wanted]}]
    expr {[string length $last] < [string length $before] && [string range $last $at end] eq $wanted
        && ![string is alnum -strict [string index $last [expr {$at - 1}]]]}
}

set times {}
set teardown {}
set bad 0
set bytes 0
set before [cpu]
switch $work {
    turns {
        start
        for {set n 0} {$n < $warm_up + $count} {incr n} {
            if {$n == $warm_up} { set times {}; set before [cpu] }
            set text [filled $line $n]
            set t [clock microseconds]
            send -- "$text\r"
            prompt
            lappend times [expr {[clock microseconds] - $t}]
            if {![right $n]} { incr bad }
        }
    }
    spawns {
        for {set n 0} {$n < $count} {incr n} {
            set t [clock microseconds]
            start
            set spawned [clock microseconds]
            close
            wait
            lappend times [expr {$spawned - $t}]
            lappend teardown [expr {[clock microseconds] - $spawned}]
        }
    }
    silence {
        start
        set before [cpu]
        set timeout $count
        set t [clock microseconds]
        expect -ex $never { incr bad } timeout {}
        lappend times [expr {[clock microseconds] - $t}]
    }
    big {
        start
        set before [cpu]
        set t [clock microseconds]
        send -- "flood $count\r"
        prompt
        lappend times [expr {[clock microseconds] - $t}]
        set cpu [expr {[cpu] - $before}]
        set peak [peak]
        set bytes [expr {[string length $got] - [string length $prompt]}]
        if {[regexp -all x $got] != 79 * $count} { incr bad }
    }
}
if {![info exists cpu]} { set cpu [expr {[cpu] - $before}] }
if {![info exists peak]} { set peak [peak] }
puts "{\"times_us\": \[[join $times ,]\], \"teardown_us\": \[[join $teardown ,]\], \"cpu_s\": $cpu, \"bad\": $bad, \"bytes\": $bytes, \"peak_kb\": $peak}"
