# Tcl expect. Arguments: work, count, prompt, input, argv...
log_user 0
set timeout 120
match_max 200000
lassign $argv work count prompt line
set command [lrange $argv 4 end]
proc start {} {
    global command prompt spawn_id
    spawn -noecho {*}$command
    expect -ex $prompt
}
set times {}
if {$work eq "spawns"} {
    for {set n 0} {$n < $count} {incr n} {
        set t [clock microseconds]
        start
        lappend times [expr {[clock microseconds] - $t}]
        close
        wait -nowait
    }
} elseif {$work eq "big"} {
    start
    set t [clock microseconds]
    send -- "$line\r"
    expect { full_buffer { exp_continue } -ex $prompt {} }
    lappend times [expr {[clock microseconds] - $t}]
} else {
    start
    for {set n 0} {$n < $count + 100} {incr n} {
        set t [clock microseconds]
        send -- "$line\r"
        expect -ex $prompt
        set d [expr {[clock microseconds] - $t}]
        if {$n >= 100} { lappend times $d }
    }
}
set cpu [lindex [split [read [open /proc/self/stat]]] 13]
set sys [lindex [split [read [open /proc/self/stat]]] 14]
regexp {VmHWM:\s+(\d+)} [read [open /proc/self/status]] -> peak
puts "{\"times_us\": \[[join $times ,]\], \"cpu_s\": [expr {($cpu + $sys) / 100.0}], \"peak_kb\": $peak}"
