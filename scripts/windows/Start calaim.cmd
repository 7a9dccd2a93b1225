@set "PATH=%~dp0;%PATH%"
@cd /d "%USERPROFILE%"
@title calaim
@echo Type a command, for example:  calaim county alameda
@echo All commands:  calaim help        Leave:  exit
@cmd /k
