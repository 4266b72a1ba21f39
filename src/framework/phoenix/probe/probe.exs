# Asks a compiled Phoenix app where its links to static files lead. It reports facts and decides nothing.
#
#     elixir -pa EBIN probe.exs QUESTION ANSWER
#
# QUESTION is a file with an Elixir term that the build has written. ANSWER is the file that gets the report, as JSON.
# Of the app itself, only its endpoints are started, and without a server.

defmodule StaticAssets.Json do
  def encode(nil), do: "null"
  def encode(value) when is_boolean(value), do: to_string(value)
  def encode(value) when is_integer(value), do: Integer.to_string(value)
  def encode(module) when is_atom(module), do: encode(inspect(module))
  def encode(list) when is_list(list), do: ["[", Enum.intersperse(Enum.map(list, &encode/1), ","), "]"]

  def encode(map) when is_map(map) do
    pairs = for {key, value} <- map, do: [encode(to_string(key)), ":", encode(value)]
    ["{", Enum.intersperse(pairs, ","), "}"]
  end

  def encode(text) when is_binary(text) do
    text = if String.valid?(text), do: text, else: inspect(text)
    ["\"", for(<<letter::utf8 <- text>>, do: escape(letter)), "\""]
  end

  defp escape(letter) when letter in [?", ?\\], do: <<?\\, letter>>

  defp escape(letter) when letter < 32,
    do: ["\\u", letter |> Integer.to_string(16) |> String.pad_leading(4, "0")]

  defp escape(letter), do: <<letter::utf8>>
end

defmodule StaticAssets.Code do
  # Finds the calls of Phoenix's helpers in the debug information of compiled modules.

  def modules(ebin) do
    for file <- Path.wildcard(Path.join(ebin, "*.beam")),
        {:ok, {module, chunks}} <- [:beam_lib.chunks(to_charlist(file), [:attributes, :atoms])] do
      atoms = for {_, atom} <- chunks[:atoms], do: atom
      behaviours = chunks[:attributes] |> Keyword.get_values(:behaviour) |> List.flatten()
      links? = (:static_path in atoms or :static_url in atoms) and not helpers?(module)
      %{file: file, module: module, endpoint?: Phoenix.Endpoint in behaviours, links?: links?}
    end
  end

  # Returns nothing of a module that was compiled without debug information.
  def links(%{file: file, module: module}) do
    with {:ok, {_, [debug_info: {:debug_info_v1, backend, data}]}} <-
           :beam_lib.chunks(to_charlist(file), [:debug_info]),
         {:ok, map} <- backend.debug_info(:elixir_v1, module, data, []) do
      links =
        for {_, _, meta, clauses} <- map.definitions,
            {_, _, _, body} <- clauses,
            {line, parts} <- find(body) do
          {file, _} = meta[:file] || {map.file, 0}
          Map.merge(describe(parts), %{file: file, line: line || meta[:line] || 0})
        end

      {:ok, Enum.uniq(links)}
    else
      _ -> :error
    end
  end

  # A module of helpers only passes on what it is given.
  defp helpers?(module) do
    router = module |> inspect() |> String.replace_suffix(".Helpers", "")
    router = Module.concat([router])
    router != module and Code.ensure_loaded?(router) and function_exported?(router, :__routes__, 0)
  end

  # Finds links with their lines. A link is a list of parts: a text, a call, or what is only known at run time.
  defp find({:<<>>, _, _} = joined) do
    parts = parts(joined)
    found = if Enum.any?(parts, &static?/1), do: [{line(joined), parts}], else: []
    found ++ for {:unknown, ast} <- parts, link <- find(ast), do: link
  end

  defp find(ast) do
    case parts(ast) do
      [{:call, _, _} = call] ->
        found = if static?(call), do: [{line(ast), [call]}], else: []
        found ++ below(ast)

      _ ->
        below(ast)
    end
  end

  defp below(ast) when is_list(ast), do: Enum.flat_map(ast, &find/1)
  defp below({form, _, arguments}), do: find(form) ++ below(arguments)
  defp below({left, right}), do: find(left) ++ find(right)
  defp below(_), do: []

  defp parts(text) when is_binary(text), do: [text]
  defp parts({:<<>>, _, segments}), do: Enum.flat_map(segments, &parts/1)
  defp parts({:"::", _, [value, _]}), do: parts(value)
  defp parts({{:., _, [String.Chars, :to_string]}, _, [value]}), do: parts(value)

  defp parts({{:., _, [module, function]}, meta, arguments} = ast)
       when function in [:static_path, :static_url, :url] and is_list(arguments) do
    if callable?(module, function, arguments) and not Keyword.get(meta, :no_parens, false) do
      endpoint = Enum.find([module | arguments], &(is_atom(&1) and &1 != nil and endpoint?(&1)))
      call = {module, function, endpoint}
      [{:call, call, known(call, arguments)}]
    else
      [{:unknown, ast}]
    end
  end

  defp parts(ast), do: [{:unknown, ast}]

  # Functions of the app may have the same names.
  defp callable?(module, function, [_]) when not is_atom(module), do: function == :static_path
  defp callable?(module, _, _) when not is_atom(module), do: false
  defp callable?(Phoenix.VerifiedRoutes, function, [_, _]), do: function != :url
  defp callable?(module, :static_path, [_]), do: endpoint?(module)
  defp callable?(module, :static_path, [_, _]), do: helpers?(module)
  defp callable?(module, :static_url, []), do: endpoint?(module)
  defp callable?(module, :static_url, [_, _]), do: helpers?(module)
  defp callable?(module, :url, []), do: endpoint?(module)
  defp callable?(module, :url, [_]), do: helpers?(module)
  defp callable?(_, _, _), do: false

  def endpoint?(module),
    do: Code.ensure_loaded?(module) and function_exported?(module, :static_lookup, 1)

  # The path that a call gets, if it gets one.
  defp known({_, :url, _}, _), do: :none
  defp known(_, []), do: :none
  defp known(_, arguments), do: arguments |> List.last() |> text(%{})

  # What is known of the text that an expression gives, and whether it is all of it.
  defp text(text, _) when is_binary(text), do: {text, true}

  defp text({:<<>>, _, segments}, names) do
    Enum.reduce_while(segments, {"", true}, fn segment, {before, true} ->
      {more, whole?} = text(segment, names)
      {if(whole?, do: :cont, else: :halt), {before <> more, whole?}}
    end)
  end

  defp text({:"::", _, [value, _]}, names), do: text(value, names)

  # `~p` joins a path and a query, which doesn't change the file.
  defp text({:__block__, _, expressions}, names) do
    names =
      for {:=, _, [{name, _, context}, value]} when is_atom(context) <- expressions,
          into: names,
          do: {{name, context}, value}

    path = Enum.find_value(names, fn {{name, _}, value} -> name == :path_str && value end)
    text(path || List.last(expressions), names)
  end

  defp text({name, _, context}, names) when is_atom(name) and is_atom(context) do
    case names do
      %{{^name, ^context} => value} -> text(value, Map.delete(names, {name, context}))
      _ -> {"", false}
    end
  end

  defp text(_, _), do: {"", false}

  defp static?({:call, {_, function, _}, _}), do: function in [:static_path, :static_url]
  defp static?(_), do: false

  # What follows a path is no part of it: it is a query at most.
  defp describe(parts) do
    {before, rest} = Enum.split_while(parts, &(not takes_path?(&1)))
    {known, unknown} = Enum.split_while(before ++ Enum.take(rest, 1), &known?/1)
    unknown = Enum.filter(Enum.take(unknown, 1), &match?({:call, _, _}, &1))
    path = Enum.map_join(known ++ unknown, &path/1)

    %{
      kind: kind(parts),
      path: path,
      whole: path != "" and Enum.all?(before ++ Enum.take(rest, 1), &known?/1),
      endpoint: Enum.find_value(parts, &endpoint_of/1),
      parts: known ++ unknown
    }
  end

  defp endpoint_of({:call, {_, _, endpoint}, _}), do: endpoint
  defp endpoint_of(_), do: nil

  defp takes_path?({:call, _, :none}), do: false
  defp takes_path?({:call, _, _}), do: true
  defp takes_path?(_), do: false

  defp known?({:call, _, {_, whole?}}), do: whole?
  defp known?({:unknown, _}), do: false
  defp known?(_), do: true

  defp path(text) when is_binary(text), do: text
  defp path({:call, _, {text, _}}), do: text
  defp path(_), do: ""

  defp kind(parts) do
    functions = for {:call, {_, function, _}, known} <- parts, do: {function, known != :none}

    cond do
      {:static_url, true} in functions -> "url"
      {:static_url, false} in functions and {:static_path, true} in functions -> "url"
      {:static_url, false} in functions -> "host"
      {:url, false} in functions -> "joined"
      true -> "path"
    end
  end

  defp line({{:., meta, _}, call_meta, _}), do: call_meta[:line] || meta[:line]
  defp line({:<<>>, meta, parts}), do: meta[:line] || Enum.find_value(parts, &line/1)
  defp line({:"::", meta, [value, _]}), do: meta[:line] || line(value)
  defp line(_), do: nil
end

defmodule StaticAssets.NoServer do
  # In the place of the web server: an endpoint's own `init/2` may ask for one.

  def child_specs(_endpoint, _config), do: []
  def server_info(_endpoint, _scheme), do: {:error, :no_server}

  # Phoenix 1.4
  def child_spec(scheme, _endpoint, _config),
    do: %{id: scheme, start: {Agent, :start_link, [fn -> nil end]}}
end

defmodule StaticAssets.Probe do
  alias StaticAssets.Code, as: Compiled

  def run(question) do
    {:ok, _} = Application.ensure_all_started(:mix)
    Mix.env(question.env)
    {:ok, _} = Application.ensure_all_started(:phoenix)

    modules =
      for {app, ebin} <- question.apps, module <- Compiled.modules(ebin), do: Map.put(module, :app, app)

    endpoints = for %{endpoint?: true} = module <- modules, do: %{module: module.module, app: module.app}

    found = for %{links?: true} = module <- modules, do: {module, Compiled.links(module)}

    links = for {module, {:ok, links}} <- found, link <- links, do: Map.put(link, :app, module.app)
    for {app, _} <- question.apps, do: Application.load(app)

    %{
      endpoints: for(endpoint <- endpoints, do: %{endpoint | app: to_string(endpoint.app)}),
      links: for(link <- links, do: %{Map.delete(link, :parts) | app: to_string(link.app)}),
      unreadable: for({module, :error} <- found, do: module.module),
      answers: for(variant <- question.variants, do: answer(variant, question, endpoints, links))
    }
  end

  defp answer(variant, question, endpoints, links) do
    {config, stand_ins} = configuration(variant, question, endpoints)

    for {app, pairs} <- config,
        app != :logger,
        {key, value} <- pairs,
        do: Application.put_env(app, key, value)

    asked = for endpoint <- endpoints, do: ask(endpoint, variant, config, links)

    %{
      stand_ins: stand_ins,
      error: nil,
      failures: for({:error, message} <- asked, do: message),
      endpoints: for({:ok, report} <- asked, do: report)
    }
  rescue
    error -> failed(Exception.message(error), __STACKTRACE__, question)
  catch
    kind, reason -> failed(Exception.format_banner(kind, reason), __STACKTRACE__, question)
  end

  defp failed(message, stacktrace, question) do
    scripts = [question.script, question.config]
    error = message <> Enum.find_value(stacktrace, "", &place(&1, scripts))
    %{stand_ins: [], error: error, failures: [], endpoints: []}
  end

  # The line of the configuration that raised, if Elixir knows it: 1.14 does not.
  defp place({_, _, _, location}, scripts) do
    file = to_string(location[:file] || "")
    known? = location[:line] != nil and Path.expand(file) in scripts
    if known?, do: " (#{Path.relative_to_cwd(file)}:#{location[:line]})"
  end

  # Evaluates the configuration as the image does: what is compiled, then the script of the boot.
  defp configuration(variant, question, endpoints) do
    options = [env: question.env, target: :host]

    {base, compile_time} =
      evaluate(question, variant.compile_time, fn ->
        if question.config, do: Config.Reader.read!(question.config, options), else: []
      end)

    for endpoint <- endpoints, do: Application.delete_env(endpoint.app, endpoint.module)
    for {app, pairs} <- base, app != :logger, {key, value} <- pairs, do: Application.put_env(app, key, value)

    {script, boot} =
      evaluate(question, variant.boot, fn ->
        if variant.script,
          do:
            Config.Reader.eval!(question.script, File.read!(variant.script), [imports: :disabled] ++ options),
          else: []
      end)

    {Config.Reader.merge(base, script), Enum.uniq(compile_time ++ boot)}
  end

  # A variable whose absence raises gets a stand-in.
  defp evaluate(question, variables, evaluation, given \\ []) do
    before = System.get_env()
    System.put_env(for {name, value} <- variables, value != nil, do: {name, value})
    for {name, nil} <- variables, do: System.delete_env(name)
    System.put_env(given)

    result =
      try do
        {:ok, evaluation.()}
      rescue
        error -> {:error, error, __STACKTRACE__}
      after
        set = System.get_env()
        for {name, _} <- set, not Map.has_key?(before, name), do: System.delete_env(name)
        System.put_env(before)
      end

    with {:error, error, stacktrace} <- result do
      taken = Map.keys(before) ++ Enum.map(given ++ variables, &elem(&1, 0))
      names = Regex.scan(~r/\b[A-Z][A-Z0-9_]{2,}\b/, Exception.message(error))

      case List.flatten(names) -- taken do
        [name | _] when length(given) < 30 ->
          value = Map.get(question.stand_ins, name, "1")
          evaluate(question, variables, evaluation, [{name, value} | given])

        _ ->
          reraise error, stacktrace
      end
    else
      {:ok, value} -> {value, Enum.map(given, &elem(&1, 0))}
    end
  end

  defp ask(%{module: module, app: app}, variant, config, links) do
    none = [adapter: StaticAssets.NoServer, handler: StaticAssets.NoServer, watchers: []]
    off = [server: false, code_reloader: false, debug_errors: false] ++ none
    manifest = variant.manifests[app]
    off = if manifest, do: [cache_static_manifest: below(app, manifest)] ++ off, else: off
    apps = for {other, pairs} <- config, is_list(pairs[module]), do: other

    for app <- [app | apps] do
      Application.put_env(app, module, Keyword.merge(config[app][module] || [], off))
    end

    case module.start_link([]) do
      {:ok, pid} -> report(module, pid, links)
      {:error, reason} -> {:error, inspect(module) <> ": " <> Exception.format_exit(reason)}
    end
  rescue
    error -> {:error, inspect(module) <> ": " <> Exception.message(error)}
  end

  defp report(module, pid, links) do
    answers = for link <- links, do: if(link.endpoint in [nil, module], do: value(link, module))

    report = %{
      module: module,
      path: module.static_path("/"),
      static_url: module.static_url(),
      url: module.url(),
      links: answers
    }

    Process.unlink(pid)
    Supervisor.stop(pid)
    {:ok, report}
  end

  # Phoenix reads a manifest below the directory of an app.
  defp below(app, file) do
    [_ | dirs] = app |> Application.app_dir() |> Path.split()
    Path.join(Enum.map(dirs, fn _ -> ".." end) ++ [Path.relative_to(file, "/")])
  end

  defp value(%{parts: parts}, endpoint) do
    Enum.map_join(parts, fn
      text when is_binary(text) -> text
      {:call, {_, function, _}, :none} -> apply(endpoint, function, [])
      {:call, {_, function, _}, {"", false}} -> follow(endpoint, function, "/")
      {:call, {_, function, _}, {path, _}} -> follow(endpoint, function, path)
    end)
  rescue
    _ -> nil
  end

  defp follow(endpoint, :static_path, path), do: endpoint.static_path(path)
  defp follow(endpoint, :static_url, path), do: endpoint.static_url() <> endpoint.static_path(path)
end

[question, answer] = System.argv()
{question, _} = question |> File.read!() |> Code.eval_string()

probe =
  Task.async(fn ->
    Process.flag(:trap_exit, true)
    StaticAssets.Probe.run(question)
  end)

report =
  case Task.yield(probe, question.timeout) || Task.shutdown(probe, :brutal_kill) do
    {:ok, report} -> report
    {:exit, reason} -> %{failure: Exception.format_exit(reason)}
    nil -> %{failure: "timeout"}
  end

File.write!(answer, StaticAssets.Json.encode(report))
System.halt(0)
