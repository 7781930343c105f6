using Temper.Cli.CommandLine;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper completion</c>: writes the completion script of a shell. The script asks the tool itself for the
/// completions.
/// </summary>
internal sealed class CompletionCommand() : ToolCommand("completion", "Write the completion script of a shell")
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            # temper: put into ~/.bashrc:  source <(temper completion bash)
            _temper() {
                local IFS=$'\n'
                local tool=${COMP_WORDS[0]}
                local cursor=$((COMP_POINT - ${#tool} + 6))
                COMPREPLY=($("$tool" "[suggest:$cursor]" "temper${COMP_LINE#"$tool"}" 2> /dev/null))
            }
            complete -o default -F _temper temper ./temper
            """,
        ["zsh"] = """
            # temper: put into ~/.zshrc:  source <(temper completion zsh)
            _temper() {
                local -a found
                local tool=${words[1]}
                local cursor=$((CURSOR - ${#tool} + 6))
                found=(${(f)"$("$tool" "[suggest:$cursor]" "temper${BUFFER#"$tool"}" 2> /dev/null)"})
                compadd -a found || _files
            }
            compdef _temper temper
            """,
        ["fish"] = """
            # temper: put into ~/.config/fish/completions/temper.fish
            function __temper_words
                set -l line (commandline -cp)
                set -l tool (commandline -po)[1]
                set -l cursor (math (string length -- $line) - (string length -- $tool) + 6)
                $tool "[suggest:$cursor]" (string replace -- $tool temper $line) 2> /dev/null
            end
            complete -c temper -a '(__temper_words)'
            """,
        ["pwsh"] = """
            # temper: put into $PROFILE:  temper completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName temper -ScriptBlock {
                param($word, $ast, $cursor)
                $tool = $ast.CommandElements[0].Value
                & $tool "[suggest:$($cursor - $tool.Length + 6)]" ("temper" + "$ast".Substring($tool.Length)) 2> $null |
                    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }
            """,
    };

    private static readonly Setting<string?> Shell = new("shell", "bash, zsh, fish or pwsh", null, text => text)
    {
        IsPositional = true,
        Words = () => Scripts.Keys,
    };

    internal override IReadOnlyList<Setting> Settings => [Shell];

    internal override int Run(CommandContext context)
    {
        string shell = context.Require(Shell);
        if (!Scripts.TryGetValue(shell, out string? script))
        {
            throw ToolException.Usage($"completion: no script for this shell (got '{shell}', expected one of "
                + $"{string.Join(", ", Scripts.Keys)})");
        }

        Console.Out.WriteLine(script);
        return ExitCode.Success;
    }
}
