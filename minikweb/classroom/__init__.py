"""The teacher's console: reads people, tutorial, quiz and the cluster; acts on places and rosters."""
